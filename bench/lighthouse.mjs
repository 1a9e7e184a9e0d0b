// Lets Lighthouse judge the pages in Chromium, and prints its scores for accessibility and best practices.
//
//   node bench/lighthouse.mjs BINARY
//
// CHROMIUM names another browser than /usr/bin/chromium. Lighthouse is installed into a temporary folder, and runs without
// the network. Ends with 1 where a score is below LEAST, after what it found.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const [binary] = process.argv.slice(2);
const VERSION = "lighthouse@12";
const CATEGORIES = ["accessibility", "best-practices"];
const LEAST = 95;
const CHROME_FLAGS = "--headless=new --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const LOG = "/t/nvflare/hello-numpy/server";
const PAGES = { "the list of logs": "/", "a log": LOG, "a search and a filter": `${LOG}?q=round&only=2&level=info,warn` };

/** Where Lighthouse's program is, installed where it is missing. */
function installed() {
  const place = join(tmpdir(), "logboom-bench-lighthouse");
  const program = join(place, "node_modules", "lighthouse", "cli", "index.js");
  if (!existsSync(program)) {
    say("installing Lighthouse");
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "package.json"), '{ "private": true }');
    execFileSync("npm", ["install", "--no-audit", "--no-fund", VERSION], { cwd: place, stdio: ["ignore", "ignore", "inherit"] });
  }
  return program;
}

/** A server of ours over the demo logs. */
async function logboom(kept) {
  const server = spawn(binary, ["serve", "demo", "--listen", "127.0.0.1:0", "--data", kept], { stdio: ["ignore", "pipe", "ignore"] });
  const address = await new Promise((resolve, reject) => {
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`${binary} ended with ${code}`)));
    createInterface({ input: server.stdout }).on("line", (line) => resolve(line.replace("listening on ", "")));
  });
  const end = () => new Promise((resolve) => {
    server.removeAllListeners("exit");
    server.once("exit", resolve);
    server.kill("SIGTERM");
  });
  return { address, end };
}

/** What Lighthouse says of a page, on a telephone or a desk. */
function judge(program, url, desk, kept) {
  const report = join(kept, "report.json");
  const options = [`--only-categories=${CATEGORIES}`, "--output=json", `--output-path=${report}`, `--chrome-flags=${CHROME_FLAGS}`, "--quiet", "--no-enable-error-reporting"];
  const env = { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? "/usr/bin/chromium" };
  execFileSync(process.execPath, [program, url, ...options, ...(desk ? ["--preset=desktop"] : [])], { env, stdio: ["ignore", "ignore", "inherit"] });
  return JSON.parse(readFileSync(report, "utf8"));
}

/** The audits that cost points. */
function failed(report, category) {
  const weighed = report.categories[category].auditRefs.filter(({ weight }) => weight > 0);
  return weighed.map(({ id }) => report.audits[id]).filter(({ score }) => score !== null && score < 1);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

if (!binary) {
  say("usage: node bench/lighthouse.mjs BINARY");
  process.exit(2);
}
const kept = mkdtempSync(join(tmpdir(), "logboom-lighthouse-"));
const program = installed();
const server = await logboom(kept);
const found = [];
let least = 100;
try {
  process.stdout.write(`| page | screen | ${CATEGORIES.join(" | ")} |\n| --- | --- | ---: | ---: |\n`);
  for (const [name, path] of Object.entries(PAGES)) {
    for (const desk of [false, true]) {
      const report = judge(program, server.address.replace(/\/$/, "") + path, desk, kept);
      const scores = CATEGORIES.map((category) => Math.round(report.categories[category].score * 100));
      least = Math.min(least, ...scores);
      process.stdout.write(`| ${name} | ${desk ? "wide" : "narrow"} | ${scores.join(" | ")} |\n`);
      const audits = CATEGORIES.flatMap((category) => failed(report, category));
      for (const { id, title, details } of audits) {
        const places = (details?.items ?? []).slice(0, 3).map((item) => item.node?.selector ?? item.description ?? item.url ?? "");
        found.push(`${name}, ${desk ? "wide" : "narrow"}: ${id}: ${title} ${places.join(" ; ")}`);
      }
    }
  }
} finally {
  await server.end();
  rmSync(kept, { recursive: true });
}
found.forEach(say);
process.exitCode = least < LEAST ? 1 : 0;
