// Links: they find their line again, and say what they lead to.
import { mkdtempSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, serve, test } from "./fixtures.ts";

/** A task of one file that a test may rotate. */
const own = test.extend<{ folder: string; address: string }>({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "logboom-links-"));
    mkdirSync(join(folder, "task"));
    writeFileSync(join(folder, "task", "app.log"), lines(0, 2000, "step"));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
  address: async ({ folder }, use) => {
    const server = await serve(folder);
    await use(server.address);
    await server.end();
  },
});

const lines = (from: number, to: number, what: string) =>
  Array.from({ length: to - from }, (_, at) => {
    const time = new Date(Date.UTC(2026, 10, 22, 2, 14) + (from + at) * 1000).toISOString();
    return `${time} INFO ${what} ${from + at}\n`;
  }).join("");

own("a link follows its line through a rotation, and the client stays there", async ({ page, viewer, folder, address }) => {
  await page.goto(`${address}/t/task?n=1500`);
  await viewer.hydrated();
  const link = await viewer.row(1500).locator("a").first().getAttribute("href");
  expect(link).toMatch(/anchor=app\.log:\d+&t=.*&h=[0-9a-f]{8}/);
  renameSync(join(folder, "task", "app.log"), join(folder, "task", "app.log.1"));
  writeFileSync(join(folder, "task", "app.log"), lines(2000, 2500, "after"));
  // A server that saw it reads both files as one source; one that is started later finds two.
  await expect.poll(async () => (await (await fetch(`${address}/api/v1/tasks/task`)).json()).lines).toBe(2500);
  const moved = page.getByRole("status").filter({ hasText: "This line has moved since the link was made; here it is." });
  const later = await serve(folder);
  for (const [server, tells] of [[address, 0], [later.address, 1]] as const) {
    const answer = await page.goto(`${server}/t/task${link}`);
    expect(answer!.status()).toBe(200);
    await viewer.hydrated();
    await expect(moved).toHaveCount(tells);
    await expect(viewer.current).toContainText("step 1499");
    await expect(viewer.current).toBeInViewport();
  }
  await later.end();
});

own("a link whose line is gone says so, and shows the nearest time", async ({ page, viewer, folder, address }) => {
  await page.goto(`${address}/t/task?n=1500`);
  const link = await viewer.row(1500).locator("a").first().getAttribute("href");
  writeFileSync(join(folder, "task", "app.log"), lines(1600, 2500, "other"));
  await expect.poll(async () => (await (await fetch(`${address}/api/v1/tasks/task`)).json()).lines).toBe(900);
  await page.goto(`${address}/t/task${link}`);
  await expect(page.getByRole("status").filter({ hasText: "The line of this link is gone; here is the nearest time." })).toBeVisible();
  await expect(viewer.row(1)).toContainText("other 1600");
});

test("a link says what it leads to where it is pasted", async ({ page }) => {
  await page.goto("/t/odd?n=2");
  expect(await page.title()).toMatch(/^2026-11-22T02:14:01\.000Z red plain loud · odd$/);
  const meta = (name: string) => page.locator(`meta[property="${name}"]`).getAttribute("content");
  expect(await meta("og:title")).toBe(await page.title());
  const told = (await meta("og:description"))!;
  expect(told.split("\n")).toHaveLength(3);
  expect(told.length).toBeLessThanOrEqual(300);
  expect(told).not.toContain("\x1b");
  await expect(page.locator("link#icon")).toHaveAttribute("href", "/favicon-complete.svg");
  expect((await page.request.get("/favicon-complete.svg")).headers()["content-type"]).toBe("image/svg+xml");
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("times are in the zone that the address names", async ({ page, viewer }) => {
    await page.goto("/t/large?tz=Asia/Kolkata");
    await expect(viewer.row(1)).toContainText("07:44:00.000");
    await page.getByRole("link", { name: "Later lines" }).click();
    await expect(viewer.row(201)).toContainText("07:44:00.200");
  });
});
