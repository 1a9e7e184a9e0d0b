// Moving through ten million lines: wheel, thumb, keys, links.
import { expect, test } from "./fixtures.ts";
import { LINES, text } from "./generate.ts";
import { Viewer } from "./pages/viewer.ts";

test.beforeEach(async ({ viewer }) => {
  await viewer.open("large");
  await viewer.counted(LINES);
});

test.afterEach(async ({ viewer, quiet }) => {
  expect(await viewer.rows()).toBeLessThanOrEqual(400);
  expect(quiet).toEqual([]);
});

test("the wheel moves pixel for pixel", async ({ viewer, page }) => {
  await viewer.log.hover();
  for (let notch = 1; notch <= 10; notch++) {
    await page.mouse.wheel(0, 100);
    await expect.poll(() => viewer.top()).toBe(1 + notch * 5);
  }
  await viewer.go("5000000");
  await expect(viewer.row(5_000_000)).toBeVisible();
  const before = await viewer.top();
  await page.mouse.wheel(0, -200);
  await expect.poll(() => viewer.top()).toBe(before - 10);
});

test("g and G reach both ends", async ({ viewer, page }) => {
  await page.keyboard.press("G");
  await expect(viewer.row(LINES)).toBeInViewport();
  await expect(viewer.row(LINES)).toContainText(text(LINES));
  await page.keyboard.press("g");
  await expect(viewer.row(1)).toBeInViewport();
  expect(await viewer.top()).toBe(1);
});

test("the wheel turns at both ends", async ({ viewer, page }) => {
  await page.keyboard.press("G");
  await expect(viewer.row(LINES)).toBeInViewport();
  const end = await viewer.top();
  await viewer.log.hover();
  await page.mouse.wheel(0, -300);
  await expect.poll(() => viewer.top()).toBe(end - 15);
  await page.mouse.wheel(0, 900);
  await expect.poll(() => viewer.top()).toBe(end);
  await page.keyboard.press("g");
  await page.mouse.wheel(0, 300);
  await expect.poll(() => viewer.top()).toBe(16);
  await page.mouse.wheel(0, -900);
  await expect.poll(() => viewer.top()).toBe(1);
});

test("the thumb reaches the middle and both ends", async ({ viewer }) => {
  const drag = (share: number) => viewer.log.evaluate((log, share) => { log.scrollTop = (log.scrollHeight - log.clientHeight) * share; }, share);
  await drag(0.5);
  await expect.poll(async () => Math.abs((await viewer.top()) - LINES / 2)).toBeLessThan(LINES / 1000);
  const middle = await viewer.top();
  await expect(viewer.row(middle)).toContainText(text(middle));
  await drag(1);
  await expect(viewer.row(LINES)).toBeInViewport();
  await drag(0);
  await expect(viewer.row(1)).toBeInViewport();
});

test("the thumb is dragged with the mouse to both ends and the middle", async ({ playwright, baseURL, launchOptions }) => {
  // Playwright hides the scrollbars of a headless browser; a reader has them.
  const browser = await playwright.chromium.launch({ ...launchOptions, ignoreDefaultArgs: ["--hide-scrollbars"] });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const viewer = new Viewer(page);
  await page.goto(`${baseURL}/t/large`);
  await viewer.hydrated();
  await viewer.counted(LINES);
  const bar = await viewer.log.evaluate((log) => {
    const box = log.getBoundingClientRect();
    const width = log.offsetWidth - log.clientWidth;
    return { x: box.right - width / 2, top: box.top + width + 8, bottom: box.top + log.clientHeight - width - 8 };
  });
  const drag = async (from: number, to: number) => {
    await page.mouse.move(bar.x, from);
    await page.mouse.down();
    for (let step = 1; step <= 20; step++) {
      await page.mouse.move(bar.x, from + ((to - from) * step) / 20);
      expect(await viewer.rows()).toBeLessThanOrEqual(400);
    }
  };
  const middle = (bar.top + bar.bottom) / 2;
  await drag(bar.top, middle);
  await expect.poll(async () => Math.abs((await viewer.top()) - LINES / 2)).toBeLessThan(LINES / 50);
  await page.mouse.move(bar.x, bar.bottom + 40);
  await expect(viewer.row(LINES)).toBeInViewport();
  await page.mouse.move(bar.x, bar.top - 40);
  await expect(viewer.row(1)).toBeInViewport();
  await page.mouse.up();
  await browser.close();
});

test("a line and a time are found from the field, and a wrong one is told", async ({ viewer, page }) => {
  await page.keyboard.press(":");
  await expect(viewer.goto).toBeFocused();
  await viewer.go("5,000,000");
  await expect(viewer.row(5_000_000)).toBeInViewport();
  await expect(viewer.current).toHaveAttribute("data-n", "5000000");
  await viewer.go("2026-11-22 02:15");
  await expect(viewer.current).toHaveAttribute("data-n", "60001");
  await viewer.go("noon");
  await expect(page.getByRole("alert").filter({ hasText: "02:14:01" })).toBeVisible();
  await expect(viewer.current).toHaveAttribute("data-n", "60001");
});

test("a line's link opens it cold, and back goes back", async ({ viewer, page, browser, baseURL }) => {
  await viewer.go("4,321,000");
  await viewer.row(4_321_003).getByRole("link").click();
  await expect(page).toHaveURL(/\?anchor=worker-\d\.log:\d+|\?anchor=scheduler\.log:\d+/);
  const link = page.url();
  const cold = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await cold.goto(link);
  await expect(cold.locator('[aria-current="true"]')).toHaveAttribute("data-n", "4321003");
  await cold.context().close();
  await viewer.go("17");
  await expect(viewer.current).toHaveAttribute("data-n", "17");
  await expect(page).toHaveURL(/anchor=worker-1\.log:\d+|anchor=scheduler\.log:\d+/);
  await expect.poll(() => page.url()).not.toBe(link);
  await page.goBack();
  await expect(viewer.row(4_321_003)).toBeInViewport();
  expect(baseURL).toBeTruthy();
});

test("the keyboard alone does all of it", async ({ viewer, page }) => {
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  await expect(viewer.current).toHaveAttribute("data-n", "3");
  await page.keyboard.press("k");
  await expect(viewer.current).toHaveAttribute("data-n", "2");
  await page.keyboard.press("Space");
  await expect.poll(() => viewer.top()).toBeGreaterThan(20);
  await page.keyboard.press("PageUp");
  await expect.poll(() => viewer.top()).toBe(1);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeHidden();
  await page.keyboard.press(":");
  await page.keyboard.type("9999999");
  await page.keyboard.press("Enter");
  await expect(viewer.current).toBeFocused();
  await expect(viewer.current).toHaveAttribute("data-n", "9999999");
});

test("wrapping keeps the top line", async ({ viewer, page }) => {
  await viewer.open("odd");
  await viewer.log.hover();
  await page.mouse.wheel(0, 600);
  await expect.poll(() => viewer.top()).toBeGreaterThan(25);
  const top = await viewer.top();
  await page.keyboard.press("w");
  await expect(page).toHaveURL(/wrap=1/);
  expect(await viewer.top()).toBe(top);
  await page.keyboard.press("w");
  await expect.poll(() => viewer.top()).toBe(top);
  await page.keyboard.press("w");
  await page.keyboard.press("G");
  await expect(viewer.row(308)).toBeInViewport();
});
