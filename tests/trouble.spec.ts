// Trouble: a server that goes and comes back, a log that shrinks, addresses that make no sense.
import { mkdtempSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, serve, test as base } from "./fixtures.ts";

const test = base.extend<{ folder: string }>({
  folder: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "logboom-trouble-"));
    mkdirSync(join(folder, "task"));
    const line = (n: number) => `${new Date(Date.UTC(2026, 10, 22) + n).toISOString()} INFO step ${n}\n`;
    writeFileSync(join(folder, "task", "app.log"), Array.from({ length: 100_000 }, (_, n) => line(n)).join(""));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

test("while the server is away the page keeps what it has, and goes on when it is back", async ({ page, viewer, folder }) => {
  const server = await serve(folder);
  await page.goto(`${server.address}/t/task`);
  await viewer.hydrated();
  await viewer.counted(100_000);
  await server.end();
  await viewer.go("50000");
  await expect(page.getByRole("alert").filter({ hasText: "The server does not answer" })).toBeVisible();
  await page.getByTestId("search").fill("step 7");
  await expect(page.locator("#search-problem")).toContainText("The server does not answer");
  const again = await serve(folder, "--listen", new URL(server.address).host);
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(viewer.row(50_000)).toContainText("step 49999");
  await expect(page.getByRole("alert").filter({ hasText: "The server does not answer" }).first()).toBeHidden();
  await expect(page.getByTestId("match-count")).toHaveAttribute("data-done", "true");
  await again.end();
});

test("a log that shrinks while it is open is shown as it is now", async ({ page, viewer, folder }) => {
  const server = await serve(folder);
  await page.goto(`${server.address}/t/task?n=99000`);
  await viewer.hydrated();
  await viewer.counted(100_000);
  truncateSync(join(folder, "task", "app.log"), 400);
  await expect.poll(async () => (await (await fetch(`${server.address}/api/v1/tasks/task`)).json()).lines).toBeLessThan(20);
  await viewer.go("3");
  await expect(viewer.row(3)).toContainText("step 2");
  await viewer.counted(11);
  await server.end();
});

test("nonsense in every parameter is told, and the log is there", async ({ page, viewer }) => {
  const nonsense = "level=loud&source=nosuch.log&q=(&case=odd&only=x&since=noon&until=never&tz=mars&wrap=2&raw=7&hide=all&clock=sand&n=zero&to=x";
  const answer = await page.goto(`/t/run?${nonsense}`);
  expect(answer!.status()).toBe(400);
  await viewer.hydrated();
  await expect(page.getByRole("alert").filter({ hasText: "level=loud is no level" })).toBeVisible();
  await expect(viewer.row(1)).toBeVisible();
});
