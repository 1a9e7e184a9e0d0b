// The list of tasks, when there are thousands.
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, serve, test as base } from "./fixtures.ts";

const TASKS = 2_000;

const test = base.extend<{}, { many: string }>({
  many: [
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), "logboom-list-"));
      for (let at = 0; at < TASKS; at++) {
        const task = join(folder, `dag-${at % 50}`, `run-${String(at).padStart(5, "0")}`);
        mkdirSync(task, { recursive: true });
        const time = new Date(Date.UTC(2026, 10, 22) + at * 1000).toISOString();
        writeFileSync(join(task, "a.log"), `${time} INFO task ${at}\n`);
      }
      const server = await serve(folder);
      await use(server.address);
      await server.end();
      rmSync(folder, { recursive: true });
    },
    { scope: "worker", timeout: 60_000 },
  ],
});

test("thousands of tasks are a few rows, and the others a click away", async ({ page, many, quiet }) => {
  await page.goto(many);
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await expect(page.getByRole("status")).toHaveText("2,000 logs");
  await expect(page.locator(".task")).toHaveCount(200);
  await page.getByRole("link", { name: "Show 200 more" }).click();
  await expect(page.locator(".task")).toHaveCount(400);
  expect(quiet).toEqual([]);
});

test("the list narrows as one types, without lag", async ({ page, many }) => {
  await page.goto(many);
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  const field = page.getByRole("searchbox");
  await field.pressSequentially("RUN-0123");
  await expect(page.getByRole("status")).toHaveText("10 of 2,000 logs");
  await expect(page.locator(".task")).toHaveCount(10);
  await expect(page).toHaveURL(/\?q=RUN-0123$/);
  await page.reload();
  await expect(page.locator(".task")).toHaveCount(10);
  await page.getByRole("searchbox").fill("nothing like this");
  await expect(page.getByRole("status")).toHaveText("No log’s name holds this.");
  // The time from a key to the next frame, in the page itself.
  const slowest = await page.getByRole("searchbox").evaluate(async (field: HTMLInputElement) => {
    let slowest = 0;
    for (const text of ["", "r", "ru", "run", "run-", "run-0", "run-01", "run-0", "", "7"]) {
      const start = performance.now();
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      slowest = Math.max(slowest, performance.now() - start);
    }
    return slowest;
  });
  expect(slowest).toBeLessThan(300);
});

test("j and k move, Enter opens", async ({ page, many, viewer }) => {
  await page.goto(`${many}/?q=run-01999`);
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
  await page.keyboard.press("j");
  await expect(page.locator(".task").first()).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/t\/dag-49\/run-01999$/);
  await expect(viewer.row(1)).toContainText("task 1999");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("the list filters by its form, and shows more by a link", async ({ page, many }) => {
    await page.goto(`${many}/?q=dag-7/`);
    await expect(page.locator(".task")).toHaveCount(40);
    await page.goto(many);
    await page.getByRole("link", { name: "Show 200 more" }).click();
    await expect(page.locator(".task")).toHaveCount(400);
  });
});
