// Folding: what belongs under a line stands behind it; other sources stay.
import { expect, test } from "./fixtures.ts";

test.beforeEach(async ({ viewer }) => {
  await viewer.open("run");
  await viewer.counted(18);
});

test.afterEach(async ({ quiet }) => expect(quiet).toEqual([]));

test("a traceback folds under its error and opens again", async ({ viewer }) => {
  const fold = viewer.row(9).getByRole("button", { name: "Fold what belongs under this line" });
  await fold.click();
  await expect(viewer.row(10)).toHaveCount(0);
  await expect(viewer.row(13)).toBeVisible();
  await viewer.row(9).getByRole("button", { name: "Show 3 folded lines" }).click();
  await expect(viewer.row(10)).toContainText("Traceback");
});

test("groups fold one in another, and leave other sources alone", async ({ viewer, page }) => {
  await expect(viewer.row(5)).toContainText("::group::Inner");
  await viewer.row(5).getByRole("button").first().click();
  await expect(viewer.row(6)).toHaveCount(0);
  await expect(viewer.row(7)).toHaveCount(0);
  await viewer.row(2).getByRole("button").first().click();
  await expect(viewer.row(3)).toHaveCount(0);
  await expect(viewer.row(8)).toHaveCount(0);
  await expect(viewer.row(4)).toContainText("between");
  await expect(viewer.row(9)).toContainText("it failed");
  await viewer.row(2).getByRole("button", { name: "Show 5 folded lines" }).click();
  await expect(viewer.row(3)).toBeVisible();
  await expect(viewer.row(6)).toHaveCount(0);
  await viewer.go("6");
  await expect(viewer.row(6)).toBeVisible();
  await viewer.go("13");
  await expect(viewer.current).toBeFocused();
  await page.keyboard.press("z");
  await expect(viewer.row(14)).toHaveCount(0);
  await page.keyboard.press("z");
  await expect(viewer.row(14)).toBeVisible();
});

test("what is folded is copied whole", async ({ viewer, page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await viewer.row(9).getByRole("button", { name: "Fold what belongs under this line" }).click();
  await expect(viewer.row(10)).toHaveCount(0);
  await viewer.row(9).locator(".text").click({ position: { x: 120, y: 10 } });
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Control+c");
  await expect(page.getByText("5 lines copied.").first()).toBeVisible();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied.split("\n")).toEqual(["ERROR it failed", "Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: 7", "INFO ::group::Empty", ""]);
});

test("all details fold with one key, and the address says so", async ({ viewer, page }) => {
  await viewer.focus();
  await page.keyboard.press("Z");
  await viewer.counted(15);
  await expect(page).toHaveURL(/heads=1/);
  await expect(viewer.row(10)).toHaveCount(0);
  await page.keyboard.press("Z");
  await viewer.counted(18);
});
