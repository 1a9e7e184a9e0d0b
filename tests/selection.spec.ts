// Selecting and copying: any stretch, also what is not in the document.
import { expect, test } from "./fixtures.ts";
import { LINES, text } from "./generate.ts";

test.use({ permissions: ["clipboard-read", "clipboard-write"] });

const clipboard = (page: import("@playwright/test").Page) => page.evaluate(() => navigator.clipboard.readText());

test.beforeEach(async ({ viewer }) => {
  await viewer.open("large");
  await viewer.counted(LINES);
});

test.afterEach(async ({ quiet }) => expect(quiet).toEqual([]));

test("a drag beyond the edge selects what scrolls by; no number and no time is copied", async ({ viewer, page }) => {
  const start = (await viewer.row(3).locator(".text").boundingBox())!;
  await page.mouse.move(start.x + 2, start.y + 10);
  await page.mouse.down();
  await page.mouse.move(start.x + 200, start.y + 100);
  await page.mouse.move(start.x + 200, 898);
  await expect.poll(() => viewer.top(), { timeout: 30_000 }).toBeGreaterThan(600);
  await page.mouse.move(start.x + 200, start.y + 100);
  const last = await viewer.top();
  await page.mouse.move(start.x + 700, (await viewer.row(last + 4).boundingBox())!.y + 10);
  await page.mouse.up();
  await page.keyboard.press("Control+c");
  await expect(page.getByText(`${last + 2} lines copied.`).first()).toBeVisible();
  const copied = (await clipboard(page)).split("\n");
  expect(copied).toHaveLength(last + 2);
  expect(copied[0]).toBe(`INFO ${text(3)}`);
  expect(copied.at(-1)).toContain(text(last + 4));
  expect(copied.join("\n")).not.toContain("2026-11-22T");
});

test("a double click selects a word, and a click nothing", async ({ viewer, page }) => {
  const word = page.evaluate.bind(page);
  await viewer.row(5).locator(".text").dblclick({ position: { x: 50, y: 10 } });
  const selected = () => word(() => [...((CSS as unknown as { highlights: Map<string, Set<Range>> }).highlights.get("selected") ?? [])].map(String));
  await expect.poll(selected).toEqual(["step"]);
  await page.keyboard.press("Control+c");
  await expect.poll(() => clipboard(page)).toBe("step");
  await viewer.row(9).locator(".text").click();
  await expect.poll(selected).toEqual([]);
});

test("keys select whole lines, and they are copied in four ways", async ({ viewer, page }) => {
  await viewer.go("1000");
  await expect(viewer.current).toBeFocused();
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  const bar = page.getByRole("toolbar", { name: "The selected lines" });
  await expect(bar).toContainText("3 lines selected");
  await bar.getByRole("button", { name: "Copy" }).click();
  await expect.poll(() => clipboard(page)).toBe(`ERROR ${text(1000)}\nDEBUG ${text(1001)}\nINFO ${text(1002)}\n`);
  await bar.getByRole("button", { name: "With times" }).click();
  await expect.poll(() => clipboard(page)).toContain("2026-11-22T02:14:00.999Z scheduler.log ERROR");
  await bar.getByRole("button", { name: "Markdown" }).click();
  await expect.poll(() => clipboard(page)).toMatch(/^```text\nERROR step 1000 of the run\n[^]*```\n\[http.*anchor=scheduler\.log/);
  await bar.getByRole("button", { name: "JSON" }).click();
  await expect.poll(async () => (await clipboard(page)).split("\n")[1] || "{}").toContain('"n":1001');
  await page.keyboard.press("Escape");
  await expect(bar).toBeHidden();
});

test("what is too much to copy is offered as a file", async ({ viewer, page }) => {
  await viewer.focus();
  await page.keyboard.press("Control+a");
  const bar = page.getByRole("toolbar", { name: "The selected lines" });
  await expect(bar).toContainText(`${LINES.toLocaleString("en")} lines selected`);
  await page.keyboard.press("Control+c");
  await expect(page.getByText("More than 8 MB", { exact: false }).or(page.getByText("That is more than 8 MB", { exact: false })).first()).toBeVisible({ timeout: 30_000 });
  await expect(bar.getByRole("link", { name: "Download" })).toHaveAttribute("href", `/api/v1/tasks/large/lines?download=1&as=text&from=1&limit=${LINES}`);
});

test("a range is a link, and the link shows the range", async ({ viewer, page }) => {
  await viewer.go("7000");
  await viewer.row(7000).getByRole("link").click();
  await viewer.row(7010).getByRole("link").click({ modifiers: ["Shift"] });
  const bar = page.getByRole("toolbar", { name: "The selected lines" });
  await expect(bar).toContainText("11 lines selected");
  await bar.getByRole("button", { name: "Link" }).click();
  await expect(page.getByText("Link copied.").first()).toBeVisible();
  const link = await clipboard(page);
  expect(link).toMatch(/anchor=.*&to=/);
  await page.goto("/");
  await viewer.hydrated();
  await page.goto(link);
  await viewer.hydrated();
  await expect(bar).toContainText("11 lines selected");
  await expect(viewer.row(7010)).toHaveAttribute("data-selected", "true");
  await expect(viewer.row(7011)).not.toHaveAttribute("data-selected", "true");
});
