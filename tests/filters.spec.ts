// Showing some lines only: levels, sources, a span of time; each in the address, each to be taken away.
import { expect, test } from "./fixtures.ts";
import { LINES, text } from "./generate.ts";

const ERRORS = LINES / 1000;
const WARNINGS = LINES / 100 - ERRORS;

test.describe("in the page", () => {
  test.beforeEach(async ({ viewer }) => {
    await viewer.open("large");
    await viewer.counted(LINES);
  });

  test.afterEach(async ({ viewer, quiet }) => {
    expect(await viewer.rows()).toBeLessThanOrEqual(400);
    expect(quiet).toEqual([]);
  });

  test("levels have counts and add up; the view scrolls like the whole", async ({ viewer, page }) => {
    const errors = page.getByTestId("level-ERROR");
    await expect(errors).toContainText(ERRORS.toLocaleString("en"));
    await errors.click();
    await expect(errors).toHaveAttribute("aria-pressed", "true");
    await viewer.counted(ERRORS);
    await expect(viewer.row(1000)).toContainText(text(1000));
    await expect(viewer.log).toHaveAttribute("aria-rowcount", String(ERRORS));
    await expect(viewer.row(1000)).toHaveAttribute("aria-rowindex", "1");
    await viewer.focus();
    await page.keyboard.press("G");
    await expect(viewer.row(LINES)).toBeInViewport();
    await page.getByTestId("level-WARN").click();
    await viewer.counted(ERRORS + WARNINGS);
    await expect(page).toHaveURL(/level=error,warn/);
    await page.goBack();
    await viewer.counted(ERRORS);
    await page.getByRole("link", { name: "level error" }).click();
    await viewer.counted(LINES);
    await expect(errors).toHaveAttribute("aria-pressed", "false");
  });

  test("a source alone, and all but one", async ({ viewer, page }) => {
    await page.getByRole("button", { name: "worker-1.log", exact: false }).first().click();
    await viewer.counted(Math.floor((LINES + 1) / 3));
    await expect(page).toHaveURL(/source=worker-1\.log/);
    await expect(viewer.row(2)).toContainText("worker-1.log");
    await page.getByRole("link", { name: "Show all" }).click();
    await viewer.counted(LINES);
    await page.getByRole("button", { name: "Without worker-1.log" }).click();
    await viewer.counted(LINES - Math.floor((LINES + 1) / 3));
    await expect(page).toHaveURL(/source=scheduler\.log,worker-2\.log/);
  });

  test("a drag over the timeline is a span of time, and a click a jump", async ({ viewer, page }) => {
    await expect.poll(() => viewer.painted("#timeline")).toBeGreaterThan(1000);
    const line = (await page.locator("#timeline").boundingBox())!;
    const at = (share: number) => line.x + line.width * share;
    await page.mouse.click(at(0.5), line.y + 20);
    await expect.poll(async () => Math.abs((await viewer.top()) - LINES / 2)).toBeLessThan(LINES / 500);
    await page.mouse.move(at(0.25), line.y + 20);
    await page.mouse.down();
    await page.mouse.move(at(0.3), line.y + 20);
    await page.mouse.move(at(0.5), line.y + 20);
    await page.mouse.up();
    await expect(page).toHaveURL(/since=.*until=/);
    await expect.poll(async () => Math.abs(Number(await viewer.total.getAttribute("data-value")) - LINES / 4)).toBeLessThan(LINES / 200);
    await page.getByRole("textbox", { name: "until" }).fill("04:00");
    await page.getByRole("textbox", { name: "until" }).press("Enter");
    await expect(page.getByRole("link", { name: "until 2026-11-22 04:00:00" })).toBeVisible();
    await page.getByRole("textbox", { name: "from" }).fill("noon");
    await page.getByRole("textbox", { name: "from" }).press("Enter");
    await expect(page.getByRole("alert").filter({ hasText: "“noon” is no time" })).toBeVisible();
  });

  test("the timeline zooms with the wheel, and shows all again", async ({ viewer, page }) => {
    await expect.poll(() => viewer.painted("#timeline")).toBeGreaterThan(1000);
    const line = page.locator("#timeline");
    const hint = async () => {
      await line.hover({ position: { x: 20, y: 20 } });
      return (await line.getAttribute("title")) ?? "";
    };
    const whole = await hint();
    await line.hover({ position: { x: 700, y: 20 } });
    for (let turn = 0; turn < 6; turn++) await page.mouse.wheel(0, -100);
    await expect.poll(hint).not.toBe(whole);
    await line.dblclick({ position: { x: 700, y: 20 } });
    await expect.poll(hint).toBe(whole);
  });

  test("the minimap leads anywhere; Shift makes it fine", async ({ viewer, page }) => {
    await expect.poll(() => viewer.painted("#minimap")).toBeGreaterThan(100);
    const map = (await page.locator("#minimap").boundingBox())!;
    const x = map.x + map.width / 2;
    await page.mouse.move(x, map.y + map.height / 2);
    await page.mouse.down();
    await expect.poll(async () => Math.abs((await viewer.top()) - LINES / 2)).toBeLessThan(LINES / 50);
    const middle = await viewer.top();
    await page.keyboard.down("Shift");
    await page.mouse.move(x, map.y + map.height / 2 + 60);
    await expect.poll(() => viewer.top()).toBeGreaterThan(middle);
    const fine = (await viewer.top()) - middle;
    await page.keyboard.up("Shift");
    await page.mouse.move(x, map.y + map.height / 2 + 120);
    await expect.poll(async () => (await viewer.top()) - middle).toBeGreaterThan(fine * 5);
    await page.mouse.up();
  });

  test("a time that was typed holds when the reader clicks into the log", async ({ viewer, page }) => {
    await page.getByRole("textbox", { name: "from" }).fill("02:15");
    await viewer.row(3).locator(".text").click();
    await expect(page).toHaveURL(/since=2026-11-22T02:15:00Z/);
    await viewer.counted(LINES - 60_000);
    await expect(page.getByText("The page broke down")).toHaveCount(0);
  });

  test("back to a filter without a place is back at its top", async ({ viewer, page }) => {
    await viewer.open("large", "?level=error");
    await viewer.counted(ERRORS);
    await page.getByTestId("level-WARN").click();
    await viewer.counted(ERRORS + WARNINGS);
    await page.goBack();
    await viewer.counted(ERRORS);
    await expect(viewer.row(1000)).toBeInViewport();
  });

  test("a filter that is taken back at once leaves nothing behind", async ({ viewer, page }) => {
    let release = () => {};
    const released = new Promise<void>((resolve) => { release = resolve; });
    await page.route("**/api/page/window*", async (route) => {
      await released;
      await route.continue();
    });
    await page.getByTestId("level-ERROR").click();
    await expect(viewer.log).toHaveAttribute("aria-busy", "true");
    await page.getByTestId("level-ERROR").click();
    release();
    await expect(viewer.log).not.toHaveAttribute("aria-busy", "true");
    await expect(viewer.row(1)).toBeVisible();
    await page.unrouteAll({ behavior: "ignoreErrors" });
  });

  test("a number is that of the whole log, also where only some lines are shown", async ({ viewer, page }) => {
    await viewer.open("large", "?level=error");
    await viewer.counted(ERRORS);
    await viewer.go("5000500");
    await expect(viewer.current).toHaveAttribute("data-n", "5001000");
    await viewer.go(String(LINES + 1));
    await expect(page.getByRole("alert").filter({ hasText: `the log has ${LINES.toLocaleString("en")} lines` })).toBeVisible();
    await page.goto("/t/large?level=error&n=7000001");
    await expect(viewer.current).toHaveAttribute("data-n", "7001000");
  });

  test("where nothing is left the page says what to loosen", async ({ viewer, page }) => {
    await viewer.open("large", "?level=fatal&source=worker-1.log");
    await expect(page.getByRole("heading", { name: "No line meets all conditions" })).toBeVisible();
    const ways = page.locator(".nothing-left li");
    await expect(ways.nth(0)).toContainText(`${Math.floor((LINES + 1) / 3).toLocaleString("en")} lines`);
    await expect(ways.nth(1)).toContainText("0 lines");
    await ways.nth(0).getByRole("link").click();
    await viewer.counted(Math.floor((LINES + 1) / 3));
    await expect(page.getByRole("heading", { name: "No line meets all conditions" })).toBeHidden();
  });
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("levels, sources and the search are forms", async ({ viewer, page }) => {
    await page.goto("/t/large");
    await page.getByTestId("level-ERROR").click();
    await expect(viewer.row(1000)).toContainText(text(1000));
    await expect(viewer.row(999)).toHaveCount(0);
    await page.getByRole("button", { name: /^worker-2\.log/ }).click();
    await expect(viewer.row(3000)).toContainText(text(3000));
    await expect(viewer.row(1000)).toHaveCount(0);
    await page.goto("/t/large");
    await viewer.search.fill("step 12345 of");
    await viewer.search.press("Enter");
    await expect(viewer.row(12_345)).toContainText(text(12_345));
    await expect(viewer.row(12_347)).toHaveCount(1);
    await expect(viewer.row(12_348)).toHaveCount(0);
  });
});
