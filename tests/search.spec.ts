// Searching ten million lines: hits counted as they are found, walked through, marked, and shown alone.
import { expect, test } from "./fixtures.ts";
import { LINES, text } from "./generate.ts";

test.beforeEach(async ({ viewer }) => {
  await viewer.open("large", "?n=5000000");
  await viewer.counted(LINES);
});

test.afterEach(async ({ viewer, quiet }) => {
  expect(await viewer.rows()).toBeLessThanOrEqual(400);
  expect(quiet).toEqual([]);
});

test("a slash opens it, the count is exact at the end, and Enter goes from hit to hit", async ({ viewer, page }) => {
  await page.keyboard.press("/");
  await expect(viewer.search).toBeFocused();
  await page.keyboard.type("step 61234");
  await viewer.found(111);
  await page.keyboard.press("Enter");
  await expect(viewer.current).toHaveAttribute("data-n", "6123400");
  await expect(viewer.matches).toHaveText("12 of 111");
  await page.keyboard.press("Shift+Enter");
  await expect(viewer.current).toHaveAttribute("data-n", "612349");
  await page.keyboard.press("Escape");
  await expect(viewer.current).toBeFocused();
  await page.keyboard.press("n");
  await expect(viewer.current).toHaveAttribute("data-n", "6123400");
  await page.keyboard.press("N");
  await page.keyboard.press("N");
  await expect(viewer.current).toHaveAttribute("data-n", "612348");
  await expect(page).toHaveURL(/q=step%2061234/);
});

test("behind the last hit comes the first, and the page says so", async ({ viewer, page }) => {
  await page.goto(page.url().replace(/\?.*/, "?n=6123499&q=step%2061234"));
  await viewer.hydrated();
  await viewer.found(111);
  await page.keyboard.press("n");
  await expect(viewer.current).toHaveAttribute("data-n", "61234");
  await expect(page.getByText("From the start again.").first()).toBeVisible();
});

test("Control and F is the log's search; in the field it is the browser's own", async ({ viewer, page }) => {
  await page.keyboard.press("Control+f");
  await expect(viewer.search).toBeFocused();
  // The page's own listener has had its turn when this one looks.
  await page.evaluate(() => addEventListener("keydown", (event) => {
    if (event.key === "f") setTimeout(() => { document.title = `left to the browser: ${!event.defaultPrevented}`; });
  }));
  await page.keyboard.press("Control+f");
  await expect(page).toHaveTitle("left to the browser: true");
});

test("a text is a text, an expression is one, and capitals count when they are asked to", async ({ viewer, page }) => {
  await viewer.search.fill("step 1234. of");
  await viewer.found(0);
  await page.getByRole("button", { name: "Regular expression" }).click();
  await viewer.found(10);
  await viewer.search.fill("error step 1000 of");
  await viewer.found(1);
  await page.getByRole("button", { name: "Tell capitals apart" }).click();
  await viewer.found(0);
  await expect(page).toHaveURL(/case=match/);
});

test("hits are marked in the rows, along the scrollbar and on the minimap", async ({ viewer, page }) => {
  await viewer.search.fill("of the run");
  await viewer.found(LINES);
  const marked = () => page.evaluate(() => [...(CSS as unknown as { highlights: Map<string, Set<Range>> }).highlights.get("hit")!].map(String));
  await expect.poll(async () => (await marked()).length).toBeGreaterThan(20);
  expect(new Set(await marked())).toEqual(new Set(["of the run"]));
  expect(await viewer.painted("#lane")).toBeGreaterThan(100);
  expect(await viewer.painted("#minimap")).toBeGreaterThan(100);
});

test("only the matching lines, with lines around them; the place is kept", async ({ viewer, page }) => {
  await viewer.search.fill("00 of");
  await viewer.found(LINES / 100);
  await page.keyboard.press("Escape");
  await expect(viewer.current).toHaveAttribute("data-n", "5000000");
  await page.keyboard.press("&");
  await viewer.counted(LINES / 100);
  await expect(viewer.current).toHaveAttribute("data-n", "5000000");
  await page.keyboard.press("j");
  await expect(viewer.current).toHaveAttribute("data-n", "5000100");
  await page.getByLabel("Lines around each match").selectOption("1");
  await viewer.counted((LINES / 100) * 3 - 1);
  await expect(viewer.row(5_000_101)).toBeVisible();
  await expect(page).toHaveURL(/only=1/);
  await page.getByRole("button", { name: "Only" }).click();
  await viewer.counted(LINES);
  await expect(viewer.current).toHaveAttribute("data-n", "5000100");
  await expect(viewer.row(5_000_099)).toContainText(text(5_000_099));
});

test("an expression that cannot be read is told, and the log stays", async ({ viewer, page, quiet }) => {
  await page.getByRole("button", { name: "Regular expression" }).click();
  await viewer.search.fill("step (");
  await expect(page.getByRole("alert").filter({ hasText: "regular expression" })).toBeVisible();
  await expect(viewer.row(5_000_000)).toBeVisible();
  await viewer.search.fill("step 1 of");
  await viewer.found(1);
  await expect(page.getByRole("alert").filter({ hasText: "regular expression" })).toBeHidden();
  // The browser notes that the request was refused.
  expect(quiet.splice(0).filter((heard) => !heard.includes("status of 400"))).toEqual([]);
});

test("a search that was gone through is offered again", async ({ viewer, page }) => {
  await viewer.search.fill("step 77 of");
  await page.keyboard.press("Enter");
  await expect(viewer.current).toHaveAttribute("data-n", "77");
  await page.reload();
  await viewer.hydrated();
  await expect(page.locator("#searches option")).toHaveAttribute("value", "step 77 of");
});

test("errors and warnings are one key away", async ({ viewer, page }) => {
  await viewer.go("5000001");
  await expect(viewer.current).toBeFocused();
  await page.keyboard.press("e");
  await expect(viewer.current).toHaveAttribute("data-n", "5001000");
  await page.keyboard.press("E");
  await expect(viewer.current).toHaveAttribute("data-n", "5000000");
  await page.keyboard.press("a");
  await expect(viewer.current).toHaveAttribute("data-n", "5000100");
  await page.keyboard.press("A");
  await expect(viewer.current).toHaveAttribute("data-n", "4999900");
});
