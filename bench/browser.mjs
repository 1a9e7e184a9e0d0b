// Measures the page in Chromium, beside PatternFly's log viewer on the same lines, and prints a table.
//
//   node bench/browser.mjs BINARY [LINES]      LINES: 1000000 if not given; 100000000 takes 7 GB in the temporary folder
//
// CHROMIUM names another browser than /usr/bin/chromium. PatternFly is installed into a temporary folder.
import { execFileSync, spawn } from "node:child_process";
import { closeSync, createReadStream, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "@playwright/test";

const [binary, count] = process.argv.slice(2);
const LINES = Number(count ?? 1_000_000);
const SOURCES = ["scheduler.log", "worker-1.log", "worker-2.log"];
/** Lines that PatternFly's viewer is given at most: it holds all of them in the page. */
const PATTERNFLY_MAX = 1_000_000;
const VERSIONS = ["react@19", "react-dom@19", "@patternfly/react-core@6", "@patternfly/react-log-viewer@6", "esbuild@0.25"];
/** Loads of each kind; the median counts. */
const LOADS = 11;
const JUMPS = 30;

const folder = join(tmpdir(), `logboom-bench-browser-${LINES}`);
const merged = join(folder, "merged.log");

function generate() {
  if (existsSync(join(folder, "done"))) return;
  say(`writing ${LINES.toLocaleString("en")} lines to ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "logs", "large"), { recursive: true });
  const files = SOURCES.map((name) => openSync(join(folder, "logs", "large", name), "w"));
  const whole = LINES <= PATTERNFLY_MAX ? openSync(merged, "w") : undefined;
  const start = Date.UTC(2026, 10, 22, 2, 14);
  for (let first = 1; first <= LINES; first += 200_000) {
    const lines = [];
    for (let n = first; n < Math.min(first + 200_000, LINES + 1); n++) {
      const level = n % 1000 === 0 ? "ERROR" : n % 100 === 0 ? "WARN" : n % 7 === 0 ? "DEBUG" : "INFO";
      lines.push(`${new Date(start + n).toISOString()} ${level} [runner.py:${n % 997}] step ${n} of the run\n`);
    }
    files.forEach((file, source) => writeSync(file, lines.filter((_, at) => (first + at) % files.length === source).join("")));
    if (whole !== undefined) writeSync(whole, lines.join(""));
  }
  [...files, whole].forEach((file) => file !== undefined && closeSync(file));
  writeFileSync(join(folder, "done"), "");
}

/** A server of ours over the lines that has not counted them yet. */
async function logboom() {
  const kept = mkdtempSync(join(tmpdir(), "logboom-data-"));
  const options = ["serve", join(folder, "logs"), "--listen", "127.0.0.1:0", "--data", kept];
  const server = spawn(binary, options, { stdio: ["ignore", "pipe", "ignore"] });
  const address = await new Promise((resolve, reject) => {
    server.on("error", reject);
    createInterface({ input: server.stdout }).on("line", (line) => resolve(line.replace("listening on ", "")));
  });
  const end = async () => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await ended;
    rmSync(kept, { recursive: true });
  };
  return { url: `${address}/t/large`, counted: () => counted(address), end };
}

async function counted(address) {
  for (;;) {
    const task = await (await fetch(`${address}/api/v1/tasks/large`)).json();
    if (task.lines === LINES) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** PatternFly's viewer over the same lines, as its documentation shows it. */
async function patternfly() {
  const place = join(tmpdir(), "logboom-bench-patternfly");
  const bundle = join(place, "bundle.js");
  if (!existsSync(bundle)) {
    say("installing PatternFly's log viewer");
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.json"), '{ "private": true }');
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--legacy-peer-deps", ...VERSIONS], { cwd: place, stdio: ["ignore", "ignore", "inherit"] });
    writeFileSync(join(place, "entry.jsx"), `
      import "@patternfly/react-core/dist/styles/base.css";
      import { useEffect, useState } from "react";
      import { createRoot } from "react-dom/client";
      import { LogViewer } from "@patternfly/react-log-viewer";
      function App() {
        const [lines, setLines] = useState();
        const [row, setRow] = useState();
        useEffect(() => {
          window.jump = setRow;
          fetch("/lines").then((answer) => answer.text()).then((text) => setLines(text.trimEnd().split("\\n")));
        }, []);
        return lines && <LogViewer hasLineNumbers height={860} data={lines} theme="dark" scrollToRow={row} />;
      }
      createRoot(document.getElementById("root")).render(<App />);`);
    const esbuild = join(place, "node_modules", ".bin", "esbuild");
    const loaders = ["woff", "woff2", "ttf", "svg", "png", "jpg"].map((ending) => `--loader:.${ending}=dataurl`);
    const options = ["entry.jsx", "--bundle", "--minify", "--jsx=automatic", "--define:process.env.NODE_ENV=\"production\"", ...loaders, "--outfile=made.js"];
    execFileSync(esbuild, options, { cwd: place, stdio: ["ignore", "ignore", "inherit"] });
    renameSync(join(place, "made.js"), bundle);
  }
  const files = { "/bundle.js": [bundle, "text/javascript"], "/made.css": [join(place, "made.css"), "text/css"], "/lines": [merged, "text/plain; charset=utf-8"] };
  const server = createServer((request, answer) => {
    const file = files[request.url];
    answer.setHeader("content-type", file?.[1] ?? "text/html");
    if (file) createReadStream(file[0]).pipe(answer);
    else answer.end('<!doctype html><html lang="en"><link rel="stylesheet" href="/made.css"><body style="margin:0"><div id="root"></div><script src="/bundle.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, counted: async () => {}, end: async () => server.close() };
}

/** What differs between the viewers. Runs in the page. */
const OURS = {
  row: '[data-testid="log"] [data-n]',
  scroller: '[data-testid="log"]',
  ready: 'html[data-hydrated="true"]',
  jump: (n) => {
    const field = document.querySelector('[data-testid="goto"]');
    field.value = String(n);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.form.requestSubmit();
  },
  find: (n) => document.querySelector(`[data-testid="log"] [data-n="${n}"]`),
};
const THEIRS = {
  row: '[class*="log-viewer__list-item"]',
  scroller: '[class*="log-viewer__scroll-container"]',
  ready: '[class*="log-viewer__list-item"]',
  jump: (n) => window.jump(n),
  find: (n) => [...document.querySelectorAll('[class*="log-viewer__list-item"]')].find((row) => row.textContent.includes(`step ${n} of`)),
};

/** Notes when the first row was painted, and the memory of wasm. Runs in the page before all else. */
const watch = (row) => {
  const compiled = ["instantiate", "instantiateStreaming"];
  for (const name of compiled) {
    const own = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await own.apply(WebAssembly, given);
      window.wasmMemory = (made.instance ?? made).exports.memory;
      return made;
    };
  }
  const look = () => {
    if (document.querySelector(row)) requestAnimationFrame(() => setTimeout(() => (window.firstRow = performance.now())));
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

async function measure(name, viewer, start) {
  const figures = {};
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--enable-precise-memory-info"],
  });
  const open = async (server, context) => {
    const page = await context.newPage();
    await page.addInitScript(watch, viewer.row);
    // Nothing is asked of the page while it loads: that would take its time.
    await page.goto(server.url, { waitUntil: "load" });
    const first = await (await page.waitForFunction(() => window.firstRow, null, { timeout: 120_000 })).jsonValue();
    return { page, first };
  };
  const fresh = () => browser.newContext({ viewport: { width: 1440, height: 900 }, bypassCSP: true });

  const cold = [];
  for (let at = 0; at < LOADS; at++) {
    const server = await start();
    const context = await fresh();
    cold.push((await open(server, context)).first);
    await context.close();
    await server.end();
  }
  figures["first rows, cold"] = ms(median(cold));

  const server = await start();
  await server.counted();
  const context = await fresh();
  const warm = [];
  for (let at = 0; at <= LOADS; at++) {
    const { page, first } = await open(server, context);
    warm.push(first);
    await page.close();
  }
  figures["first rows, warm"] = ms(median(warm.slice(1)));

  const { page } = await open(server, context);
  await page.waitForSelector(viewer.ready);
  await page.waitForTimeout(1_000);
  const box = await page.locator(viewer.scroller).first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const record = () => page.evaluate(() => {
    window.frames = [];
    let last;
    const frame = (now) => {
      if (last !== undefined) window.frames.push(now - last);
      last = now;
      window.frame = requestAnimationFrame(frame);
    };
    window.frame = requestAnimationFrame(frame);
  });
  const recorded = () => page.evaluate(() => (cancelAnimationFrame(window.frame), window.frames));

  await record();
  for (let at = 0; at < 200; at++) {
    await page.mouse.wheel(0, at < 150 ? 360 : -720);
    await page.waitForTimeout(16);
  }
  frames(figures, "wheel", await recorded());

  await record();
  const blank = await page.evaluate(async ([scroller, row]) => {
    const log = document.querySelector(scroller);
    let blank = 0;
    // Done once a frame was drawn, with all that other callbacks did for it.
    const next = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const sees = () => {
      const { top, bottom } = log.getBoundingClientRect();
      return [...document.querySelectorAll(row)].some((row) => {
        const box = row.getBoundingClientRect();
        return box.bottom > top && box.top < bottom && row.textContent.length > 8;
      });
    };
    for (let at = 0; at < 300; at++) {
      log.scrollTop = (log.scrollHeight - log.clientHeight) * (0.5 - 0.5 * Math.cos((at / 150) * Math.PI));
      await next();
      if (!sees()) blank++;
    }
    return blank;
  }, [viewer.scroller, viewer.row]);
  frames(figures, "thumb drag", await recorded());
  figures["thumb drag, frames without a row"] = `${blank} of 300`;

  const jumps = [];
  await record();
  let random = 1;
  for (let at = 0; at < JUMPS; at++) {
    random = (random * 48271) % 2147483647;
    const n = 1 + (random % LINES);
    jumps.push(await page.evaluate(async ([jump, find, scroller, n]) => {
      const [go, look] = [eval(jump), eval(find)];
      const log = document.querySelector(scroller);
      const start = performance.now();
      go(n);
      for (;;) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const row = look(n)?.getBoundingClientRect();
        const { top, bottom } = log.getBoundingClientRect();
        if (row && row.bottom > top && row.top < bottom) break;
        if (performance.now() - start > 10_000) return 10_000;
      }
      await new Promise((resolve) => setTimeout(resolve));
      return performance.now() - start;
    }, [viewer.jump.toString(), viewer.find.toString(), viewer.scroller, n]));
  }
  frames(figures, "random jumps", await recorded());
  figures["random jumps, until the row is drawn, p50 / p95"] = `${ms(part(jumps, 0.5))} / ${ms(part(jumps, 0.95))}`;

  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const metric = (name) => metrics.find((metric) => metric.name === name).value;
  const wasm = await page.evaluate(() => window.wasmMemory?.buffer.byteLength ?? 0);
  figures["JS heap"] = mb(metric("JSHeapUsedSize"));
  figures["wasm memory"] = wasm ? mb(wasm) : "none";
  figures["renderer, resident"] = mb(await renderer(browser));
  figures["DOM nodes"] = (await page.evaluate(() => document.querySelectorAll("*").length)).toLocaleString("en");
  await browser.close();
  await server.end();
  say(`${name} is measured`);
  return figures;
}

/** Bytes of the largest renderer that are in memory. */
async function renderer(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const resident = (id) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))[1]) * 1024;
  return Math.max(...processInfo.filter(({ type }) => type === "renderer").map(({ id }) => resident(id)));
}

function frames(figures, what, times) {
  figures[`${what}, frame p50 / p95 / longest`] = `${ms(part(times, 0.5))} / ${ms(part(times, 0.95))} / ${ms(Math.max(...times))}`;
}

const sorted = (values) => [...values].sort((a, b) => a - b);
const part = (values, share) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];
const median = (values) => part(values, 0.5);
const ms = (value) => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
function say(text) {
  process.stderr.write(`${text}\n`);
}

if (!binary) {
  say("usage: node bench/browser.mjs BINARY [LINES]");
  process.exit(2);
}
generate();
const columns = { Logboom: await measure("Logboom", OURS, logboom) };
if (LINES <= PATTERNFLY_MAX) columns["@patternfly/react-log-viewer"] = await measure("PatternFly", THEIRS, patternfly);
const bytes = SOURCES.map((name) => statSync(join(folder, "logs", "large", name)).size).reduce((sum, size) => sum + size, 0);
console.log(`${LINES.toLocaleString("en")} lines, ${mb(bytes)}\n`);
console.log(`| | ${Object.keys(columns).join(" | ")} |\n| --- |${" --- |".repeat(Object.keys(columns).length)}`);
for (const figure of Object.keys(columns.Logboom)) {
  console.log(`| ${figure} | ${Object.values(columns).map((column) => column[figure]).join(" | ")} |`);
}
