// A log that grows while somebody reads it.
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, serve, test as base } from "./fixtures.ts";

const line = (n: number, text = `step ${n}`) => `${new Date(Date.UTC(2026, 10, 22) + n * 1000).toISOString()} INFO ${text}\n`;

class Log {
  constructor(readonly folder: string, private written = 0) {}

  get file() {
    return join(this.folder, "task", "app.log");
  }

  append(count: number) {
    const lines = Array.from({ length: count }, (_, at) => line(this.written + at + 1));
    this.written += count;
    appendFileSync(this.file, lines.join(""));
  }
}

const test = base.extend<{ log: Log; live: string }>({
  log: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), "logboom-live-"));
    mkdirSync(join(folder, "task"));
    const log = new Log(folder);
    log.append(200);
    await use(log);
    rmSync(folder, { recursive: true });
  },
  live: async ({ log }, use) => {
    const server = await serve(log.folder);
    await use(`${server.address}/t/task`);
    await server.end();
  },
});

test("following shows each line as it comes, until the reader scrolls up", async ({ page, viewer, log, live }) => {
  await page.goto(live);
  await viewer.hydrated();
  await viewer.counted(200);
  const follow = page.getByTestId("follow");
  await expect(follow).toHaveAttribute("aria-pressed", "false");
  await page.keyboard.press("f");
  await expect(follow).toHaveAttribute("aria-pressed", "true");
  await expect(viewer.row(200)).toBeInViewport();
  await expect(page).toHaveURL(/follow=1/);
  log.append(3);
  await expect(viewer.row(203)).toBeInViewport();
  await expect(page.getByTestId("state")).toHaveText("growing");
  log.append(500);
  await expect(viewer.row(703)).toBeInViewport();

  await viewer.log.hover();
  await page.mouse.wheel(0, -400);
  await expect(follow).toHaveAttribute("aria-pressed", "false");
  const top = await viewer.top();
  log.append(12);
  const news = page.getByTestId("news");
  await expect(news).toHaveText("12 new lines");
  await viewer.counted(715);
  expect(await viewer.top()).toBe(top);
  await news.click();
  await expect(viewer.row(715)).toBeInViewport();
  await expect(follow).toHaveAttribute("aria-pressed", "true");
  await expect(news).toBeHidden();
});

test("a link that follows opens at the end and stays there", async ({ page, viewer, log, live }) => {
  await page.goto(`${live}?follow=1`);
  await expect(viewer.row(200)).toBeInViewport();
  await viewer.hydrated();
  log.append(1);
  await expect(viewer.row(201)).toBeInViewport();
});

test("a line is shown while it is being written, and a bar in its last state", async ({ page, viewer, log, live }) => {
  await page.goto(`${live}?follow=1`);
  await viewer.hydrated();
  log.append(1);
  await expect(viewer.row(201)).toBeInViewport();
  appendFileSync(log.file, `${line(202, "loading").trim()}  10%\r 20%\r 30%`);
  const partial = page.locator(".growing p");
  await expect(partial).toHaveText("app.log 30%");
  appendFileSync(log.file, "\r 40%");
  await expect(partial).toHaveText("app.log 40%");
  await viewer.counted(201);
  appendFileSync(log.file, "\r100%\n");
  await viewer.counted(202);
  await expect(partial).toHaveCount(0);
  await expect(viewer.row(202)).toContainText("100%");
});

test("a filtered view follows what it lets through", async ({ page, viewer, log, live }) => {
  await page.goto(`${live}?q=step+%5B0-9%5D%2A5%24&only=0&follow=1`);
  await viewer.hydrated();
  await viewer.counted(20);
  const refused: string[] = [];
  page.on("response", (answer) => answer.status() >= 400 && refused.push(answer.url()));
  log.append(4);
  await expect(viewer.row(201)).toHaveCount(0);
  log.append(16);
  await expect(viewer.row(215)).toBeInViewport();
  await viewer.counted(22);
  expect(refused).toEqual([]);
});

test("a rotation is followed without a seam", async ({ page, viewer, log, live }) => {
  await page.goto(`${live}?follow=1`);
  await viewer.hydrated();
  log.append(5);
  renameSync(log.file, `${log.file}.1`);
  appendFileSync(`${log.file}.1`, line(206));
  writeFileSync(log.file, line(207));
  await expect(viewer.row(207)).toBeInViewport();
  await expect(viewer.row(206)).toContainText("step 206");
  await expect(page.locator(".panel")).not.toContainText("app.log.1");
});

test("a selection stays as it is while lines come", async ({ page, viewer, log, live }) => {
  await page.goto(live);
  await viewer.hydrated();
  await viewer.counted(200);
  await viewer.row(3).locator(".num").click();
  await viewer.row(6).locator(".num").click({ modifiers: ["Shift"] });
  const selection = page.getByRole("toolbar", { name: "The selected lines" });
  await expect(selection).toContainText("4 lines selected");
  const top = await viewer.top();
  log.append(30);
  await viewer.counted(230);
  await expect(selection).toContainText("4 lines selected");
  expect(await viewer.top()).toBe(top);
});

test("the page goes on by itself when the server is back", async ({ page, viewer, log }) => {
  const server = await serve(log.folder);
  await page.goto(`${server.address}/t/task?follow=1`);
  await viewer.hydrated();
  await viewer.counted(200);
  await server.end();
  const again = await serve(log.folder, "--listen", new URL(server.address).host);
  log.append(10);
  await expect(viewer.row(210)).toBeInViewport({ timeout: 30_000 });
  await again.end();
  log.append(10);
  const third = await serve(log.folder, "--listen", new URL(server.address).host);
  await expect(viewer.row(220)).toBeInViewport({ timeout: 30_000 });
  log.append(10);
  await expect(viewer.row(230)).toBeInViewport();
  await expect(page.getByTestId("follow")).toHaveAttribute("aria-pressed", "true");
  await third.end();
});

test("ten pages of one browser are live at once", async ({ context, log, live }) => {
  const pages = await Promise.all(Array.from({ length: 10 }, () => context.newPage()));
  for (const page of pages) await page.goto(`${live}?follow=1`);
  log.append(7);
  for (const page of pages) {
    await page.bringToFront();
    await expect(page.locator('[data-n="207"]')).toBeInViewport();
  }
});

test("a file that appears is a source of its own at once", async ({ page, viewer, log, live }) => {
  await page.goto(`${live}?follow=1`);
  await viewer.hydrated();
  await viewer.counted(200);
  writeFileSync(join(log.folder, "task", "worker.log"), line(300, "from the worker"));
  await expect(viewer.row(201)).toContainText("from the worker");
  await expect(page.locator(".panel")).toContainText("worker.log");
});
