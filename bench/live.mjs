// Measures the page while it follows a log that grows, and prints a table: how late a line is painted, and what the page holds.
//
//   node bench/live.mjs BINARY [MINUTES [LINES_A_SECOND]]      MINUTES: 10 if not given; LINES_A_SECOND: 10000
//
// CHROMIUM names another browser than /usr/bin/chromium.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "@playwright/test";

const [binary, minutes = "10", rate = "10000"] = process.argv.slice(2);
const MINUTES = Number(minutes);
const RATE = Number(rate);
/** How often the page's memory is looked at. */
const SAMPLES = 12;
/** How often lines are written, each time those of so long. */
const WRITE_MS = 5;

function say(text) {
  process.stderr.write(`${text}\n`);
}

if (!binary) {
  say("usage: node bench/live.mjs BINARY [MINUTES [LINES_A_SECOND]]");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "logboom-bench-live-"));
mkdirSync(join(folder, "logs", "task"), { recursive: true });
const file = openSync(join(folder, "logs", "task", "app.log"), "a");
const line = (n) => `${new Date().toISOString()} INFO [runner.py:${n % 997}] step ${n} of the run\n`;
writeSync(file, line(0));
const options = ["serve", join(folder, "logs"), "--listen", "127.0.0.1:0", "--data", join(folder, "data")];
const server = spawn(binary, options, { stdio: ["ignore", "pipe", "ignore"] });
const address = await new Promise((resolve, reject) => {
  server.on("error", reject);
  createInterface({ input: server.stdout }).on("line", (text) => resolve(text.replace("listening on ", "")));
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--enable-precise-memory-info"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const session = await page.context().newCDPSession(page);
await session.send("Performance.enable");
await page.goto(`${address}/t/task?follow=1`);
await page.waitForSelector('html[data-hydrated="true"]');

let written = 1;
const began = Date.now();
const writer = setInterval(() => {
  const due = Math.floor(((Date.now() - began) / 1000) * RATE) + 1;
  if (due <= written) return;
  let text = "";
  while (written < due) text += line(written++);
  writeSync(file, text);
}, WRITE_MS);

await page.evaluate(() => {
  window.late = [];
  window.frames = [];
  let last = 0;
  let before;
  const look = (now) => {
    if (before !== undefined) window.frames.push(now - before);
    before = now;
    const rows = document.querySelectorAll('[data-testid="log"] [data-n]');
    const row = [...rows].reduce((one, other) => (Number(other.dataset.n) > Number(one?.dataset.n ?? 0) ? other : one), undefined);
    const n = Number(row?.dataset.n ?? 0);
    if (n > last) {
      last = n;
      const at = Date.parse(row.querySelector(".time").title.replace(" ", "T").replace(/ ?UTC$/, "Z"));
      // What was drawn before this frame is painted with it.
      requestAnimationFrame(() => setTimeout(() => window.late.push(Date.now() - at)));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
const title = await page.locator('[data-testid="log"] .time').first().getAttribute("title");
say(`times are read from titles such as ${title}`);

const samples = [];
for (let at = 1; at <= SAMPLES; at++) {
  await new Promise((resolve) => setTimeout(resolve, (MINUTES * 60_000) / SAMPLES));
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const metric = (name) => metrics.find((metric) => metric.name === name).value;
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  samples.push({ heap: metric("JSHeapUsedSize"), nodes, lines: written });
  say(`${((at * MINUTES) / SAMPLES).toFixed(1)} min: ${written.toLocaleString("en")} lines, heap ${(metric("JSHeapUsedSize") / 1e6).toFixed(1)} MB, ${nodes} elements`);
}
clearInterval(writer);
const { late, frames } = await page.evaluate(() => ({ late: window.late, frames: window.frames }));
await page.waitForTimeout(3000);
if (process.env.DEBUG) say(await page.evaluate(() => JSON.stringify({ total: document.querySelector('[data-testid=total]').dataset.value, last: Math.max(...[...document.querySelectorAll('[data-n]')].map((row) => Number(row.dataset.n))), follow: document.querySelector('[data-testid=follow]').ariaPressed, pending: document.querySelectorAll('[data-pending]').length, top: document.querySelector('#log').scrollTop, news: document.querySelector('[data-testid=news]').textContent, notice: document.querySelector('.notice')?.textContent })) + " " + written);
await page.waitForFunction((n) => document.querySelector(`[data-n="${n}"]`) !== null, written, { timeout: 10_000 });
const total = await page.getByTestId("total").getAttribute("data-value");
const memory = readFileSync(`/proc/${server.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)[1];
const ticks = readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ").slice(11, 13).reduce((sum, part) => sum + Number(part), 0);
await browser.close();
server.kill("SIGTERM");
await new Promise((resolve) => server.once("exit", resolve));
rmSync(folder, { recursive: true });

const part = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const first = samples[0];
const last = samples.at(-1);
const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
console.log(`${RATE.toLocaleString("en")} lines a second for ${MINUTES} min: ${written.toLocaleString("en")} lines written, ${Number(total).toLocaleString("en")} in the page\n`);
console.log("| | |\n| --- | --- |");
console.log(`| written to painted, p50 / p99 / longest | ${part(late, 0.5)} / ${part(late, 0.99)} / ${Math.max(...late)} ms |`);
console.log(`| frame, p50 / p95 / longest | ${[0.5, 0.95, 1].map((share) => part(frames, share).toFixed(1)).join(" / ")} ms |`);
console.log(`| JS heap, first and last sample | ${mb(first.heap)}, ${mb(last.heap)} |`);
console.log(`| elements, first and last sample | ${first.nodes}, ${last.nodes} |`);
console.log(`| server, resident at most | ${mb(Number(memory) * 1024)} |`);
console.log(`| server, cores | ${(ticks / 100 / (MINUTES * 60)).toFixed(2)} |`);
