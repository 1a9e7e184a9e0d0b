// Lines as their readers meet them: colours, links, fields, states; one line in full; how lines are shown.
import type { Locator } from "@playwright/test";
import { expect, test } from "./fixtures.ts";

const style = (locator: Locator, name: string) => locator.evaluate((it, name) => getComputedStyle(it).getPropertyValue(name), name);

test.afterEach(({ quiet }) => expect(quiet).toEqual([]));

test("exact colours are drawn once the client is there, and stay readable", async ({ viewer, page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await viewer.open("aids");
  const row = viewer.row(2);
  await expect(row.getByText("orange", { exact: true })).toHaveAttribute("class", "fg-11 exact");
  expect(await style(row.getByText("orange", { exact: true }), "--fg")).toBe("#ff8700");
  expect(await style(row.getByText("ground", { exact: true }), "background-color")).toBe("rgb(90, 20, 120)");
  const lightness = Number(/oklch\(([\d.]+)/.exec(await style(row.getByText("night", { exact: true }), "color"))?.[1]);
  expect(lightness).toBeGreaterThan(0.6);
  await expect(row.locator(".text")).toHaveText(/ end$/);
});

test("the line's own time stands in its column only", async ({ viewer }) => {
  await viewer.open("aids");
  expect(await viewer.row(1).locator(".text").innerText()).toBe("INFO the first line");
  await expect(viewer.row(1).locator(".text")).toHaveText("2026-11-22T02:14:00.000Z INFO the first line");
  expect(await viewer.row(5).locator(".text").innerText()).toBe("{jobs.py:10} WARNING - loss=0.5 a==b");
  await viewer.open("aids", "?raw=1");
  expect(await viewer.row(1).locator(".text").innerText()).toBe("2026-11-22T02:14:00.000Z INFO the first line");
});

test("a line drawn over itself shows its last state, and all of them beside the log", async ({ viewer, page }) => {
  await viewer.open("aids");
  const row = viewer.row(3);
  expect(await row.locator(".text").innerText()).toContain("shards: 60%|");
  await expect(row.locator(".fill")).toHaveText("█".repeat(12));
  await row.getByRole("button", { name: "+3 states" }).click();
  const open = page.getByTestId("record");
  await expect(open.getByRole("heading", { name: "4 states" })).toBeVisible();
  await expect(open.getByRole("listitem")).toHaveCount(4);
});

test("addresses of the web are links, and nothing else is", async ({ viewer }) => {
  for (const query of ["", "?wrap=1"]) {
    await viewer.open("aids", query);
    const links = viewer.row(4).locator(".text a");
    await expect(links).toHaveText(["https://example.com/a_(b)?c=d", "http://x.example"]);
    await expect(links.first()).toHaveAttribute("href", "https://example.com/a_(b)?c=d");
    await expect(links.first()).toHaveAttribute("rel", "noopener noreferrer");
    await expect(links.first()).toHaveAttribute("target", "_blank");
  }
  await expect(viewer.log.locator('a[href^="javascript"]')).toHaveCount(0);
});

test("JSON and logfmt are shown as message and fields, or as they were written", async ({ viewer, page }) => {
  await viewer.open("aids");
  await expect(viewer.row(6).locator(".text")).toHaveText('request served path="/a b" status=200 user={"id":7}');
  await expect(viewer.row(7).locator(".text")).toHaveText("slow query ms=1204");
  await expect(viewer.row(11).locator(".text")).toContainText("nested=[[[[");
  await page.getByRole("button", { name: "View", exact: true }).click();
  await page.getByRole("checkbox", { name: "as they were written" }).check();
  await expect(viewer.row(6).locator(".text")).toContainText('"message":"request served"');
  await expect(page).toHaveURL(/raw=1/);
});

test("silence is told, and moves no row", async ({ viewer }) => {
  await viewer.open("aids");
  await expect(viewer.row(10).locator(".text")).toHaveAttribute("data-gap", "12.5 s of silence");
  await expect(viewer.log.locator(".row[data-gap]")).toHaveCount(1);
  const tops = await viewer.log.evaluate((log) => [...log.querySelectorAll(".row")].slice(0, 20).map((row) => row.getBoundingClientRect().top));
  expect(tops.map((top) => top - tops[0]!)).toEqual(tops.map((_, index) => index * 20));
});

test("the current line opens beside the log and follows it", async ({ viewer, page }) => {
  await viewer.open("aids", "?n=6");
  await page.keyboard.press("Enter");
  const open = page.getByTestId("record");
  await expect(open.getByRole("heading", { name: "Line 6", exact: true })).toBeVisible();
  await expect(open.getByRole("row").filter({ hasText: "message" })).toContainText("request served");
  await expect(open.getByRole("region")).toContainText('"message":"request served"');
  await page.keyboard.press("ArrowDown");
  await expect(open.getByRole("heading", { name: "Line 7", exact: true })).toBeVisible();
  await expect(open).toContainText("slow query");
  await page.keyboard.press("Escape");
  await expect(open).toBeHidden();
  await expect(viewer.current).toBeFocused();
});

test("a value finds its lines, or leaves them out", async ({ viewer, page }) => {
  await viewer.open("aids", "?n=20");
  await page.keyboard.press("Enter");
  const row = page.getByTestId("record").getByRole("row").filter({ hasText: "shard" });
  await row.hover();
  await row.getByRole("button", { name: "Only lines with this shard" }).click();
  await viewer.counted(20);
  await expect(page).toHaveURL(/q=[^&]*shard/);
  await page.goBack();
  await viewer.counted(71);
  await row.hover();
  await row.getByRole("button", { name: "Only lines without this shard" }).click();
  await expect(page).toHaveURL(/not=[^&]*shard/);
});

test("times are told from the start, from the line before, and in other zones", async ({ viewer, page }) => {
  await viewer.open("aids", "?clock=start");
  await expect(viewer.row(10).locator(".time")).toHaveText("+0:00:19.500");
  await viewer.open("aids", "?clock=delta");
  await expect(viewer.row(10).locator(".time")).toHaveText("+12.500 s");
  await viewer.open("aids");
  await page.getByRole("button", { name: "View", exact: true }).click();
  const field = page.getByLabel("by name");
  await field.fill("Mars/Olympus");
  await field.press("Tab");
  await expect(page.getByText("There is no zone “Mars/Olympus”.")).toBeVisible();
  await field.fill("Asia/Kolkata");
  await field.press("Tab");
  await expect(viewer.row(1).locator(".time")).toHaveText("07:44:00.000");
  await expect(viewer.row(1).locator(".time")).toHaveAttribute("title", /\+05:30$/);
  await expect(page).toHaveURL(/tz=Asia\/Kolkata/);
});

test("columns go and come, and the text's size is kept", async ({ viewer, page }) => {
  await viewer.open("aids");
  await page.getByRole("button", { name: "View", exact: true }).click();
  await page.getByRole("checkbox", { name: "time", exact: true }).uncheck();
  await expect(viewer.row(1).locator(".time")).toBeHidden();
  expect(await viewer.row(1).locator(".text").innerText()).toBe("2026-11-22T02:14:00.000Z INFO the first line");
  await page.getByRole("radio", { name: "large", exact: true }).check();
  const height = () => viewer.row(2).evaluate((row) => row.getBoundingClientRect().height);
  await expect.poll(height).toBe(24);
  await page.reload();
  await viewer.hydrated();
  await expect.poll(height).toBe(24);
  await page.keyboard.press("G");
  await expect(viewer.row(71)).toBeInViewport();
  const below = () => viewer.row(71).evaluate((row) => row.getBoundingClientRect().bottom - row.closest(".log")!.getBoundingClientRect().bottom);
  expect(await below()).toBeLessThanOrEqual(0);
});

test("the fonts are our own and kept for ever", async ({ page, viewer }) => {
  const fonts: string[] = [];
  page.on("response", (answer) => {
    if (answer.url().endsWith(".woff2")) fonts.push(`${answer.status()} ${answer.headers()["cache-control"]}`);
  });
  await viewer.open("aids");
  expect(await page.evaluate(async () => (await document.fonts.ready).check('12px "JetBrains Mono"'))).toBe(true);
  expect(new Set(fonts)).toEqual(new Set(["200 public, max-age=31536000, immutable"]));
});
