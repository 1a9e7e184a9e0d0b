// A log in a page of somebody else's.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, serve, test as base } from "./fixtures.ts";
import { logs, text } from "./generate.ts";

/** A page elsewhere that shows a log, and a server that lets it. */
const test = base.extend<{}, { wiki: { page: Server; address: string }; letting: string }>({
  wiki: [
    async ({}, use) => {
      const page = createServer((request, answer) => {
        const shown = new URL(request.url!, "http://wiki").searchParams.get("log");
        answer.setHeader("content-type", "text/html");
        answer.end(`<!doctype html><title>wiki</title><iframe src="${shown}" width="900" height="500"></iframe>`);
      });
      await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
      await use({ page, address: `http://127.0.0.1:${(page.address() as AddressInfo).port}` });
      page.close();
    },
    { scope: "worker" },
  ],
  letting: [
    async ({ wiki }, use) => {
      const server = await serve(logs(), "--frame-ancestors", wiki.address);
      await use(server.address);
      await server.end();
    },
    { scope: "worker", timeout: 180_000 },
  ],
});

test("a log alone is shown by a page that may", async ({ page, wiki, letting }) => {
  const log = `${letting}/embed/odd?n=20&theme=dark`;
  await page.goto(`${wiki.address}/?log=${encodeURIComponent(log)}`);
  const frame = page.frameLocator("iframe");
  await expect(frame.locator("html")).toHaveAttribute("data-hydrated", "true");
  await expect(frame.locator('[data-n="20"]')).toBeVisible();
  for (const part of ["header", "footer", "#panel", '[data-testid="goto"]']) await expect(frame.locator(part)).toHaveCount(0);
  const ground = await frame.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  expect(ground).toBe("rgb(16, 19, 23)");
  const sizes = await frame.getByTestId("log").evaluate((log) => [log.clientHeight, innerHeight]);
  expect(sizes[0]).toBeGreaterThan(sizes[1]! * 0.9);
  // It moves as the whole page does.
  await frame.getByTestId("log").press("End");
  await expect(frame.getByTestId("log")).toContainText("filler 299");
});

test("no other page may show it, and nothing but the log alone", async ({ page, wiki, letting, server }) => {
  for (const log of [`${server}/embed/odd`, `${letting}/t/odd`, `${letting}/`]) {
    await page.goto(`${wiki.address}/?log=${encodeURIComponent(log)}`);
    const frame = page.frames()[1]!;
    await expect.poll(() => frame.url(), log).toContain("chrome-error:");
  }
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a log alone reads and pages, in its colours", async ({ page }) => {
    await page.goto("/embed/large?theme=light&n=5000");
    await expect(page.locator('[data-n="5000"]')).toContainText(text(5000));
    await page.getByRole("link", { name: "Later lines" }).click();
    await expect(page).toHaveURL(/\/embed\/large\?.*theme=light/);
    await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
    await expect(page.locator("header")).toHaveCount(0);
  });
});
