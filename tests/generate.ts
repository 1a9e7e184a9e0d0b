// Logs that are known line by line, so that a test can say what stands where.
import { existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const LINES = Number(process.env.LOGBOOM_TEST_LINES ?? 10_000_000);
const SOURCES = ["scheduler.log", "worker-1.log", "worker-2.log"];
const START = Date.UTC(2026, 10, 22, 2, 14);

/** The folder with all logs: made once a run, kept for the next. */
export function logs(): string {
  const folder = join(tmpdir(), `logboom-tests-4-${LINES}`);
  if (existsSync(join(folder, "done"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  writeLarge(join(folder, "large"));
  writeOdd(join(folder, "odd"));
  writeAids(join(folder, "aids"));
  writeRun(join(folder, "run"));
  mkdirSync(join(folder, "runs", "empty"), { recursive: true });
  writeFileSync(join(folder, "runs", "empty", "nothing.log"), "");
  writeFileSync(join(folder, "done"), "");
  return folder;
}

/** What line `n` of the large log says after its time and level. */
export const text = (n: number) => `step ${n} of the run`;

/** Lines that follow each other by a millisecond, in turn from each source. */
function writeLarge(folder: string) {
  mkdirSync(folder, { recursive: true });
  const files = SOURCES.map((name) => openSync(join(folder, `${name}.part`), "w"));
  const buffers: string[][] = SOURCES.map(() => []);
  const flush = () => files.forEach((file, index) => {
    writeSync(file, buffers[index]!.join(""));
    buffers[index] = [];
  });
  let second = -1;
  let stamp = "";
  for (let n = 1; n <= LINES; n++) {
    const ms = n - 1;
    const now = Math.floor(ms / 1000);
    if (now !== second) {
      second = now;
      stamp = new Date(START + now * 1000).toISOString().slice(0, 19);
    }
    const level = n % 1000 === 0 ? "ERROR" : n % 100 === 0 ? "WARN" : n % 7 === 0 ? "DEBUG" : "INFO";
    buffers[ms % SOURCES.length]!.push(`${stamp}.${String(ms % 1000).padStart(3, "0")}Z ${level} ${text(n)}\n`);
    if (n % 200_000 === 0) flush();
  }
  flush();
  files.forEach((file) => closeSync(file));
  SOURCES.forEach((name) => renameSync(join(folder, `${name}.part`), join(folder, name)));
}

/** Everything a log may hold that a page must not stumble over. */
function writeOdd(folder: string) {
  mkdirSync(folder, { recursive: true });
  const stamp = (n: number) => new Date(START + n * 1000).toISOString();
  const lines = [
    "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>",
    "\x1b[31mred\x1b[0m plain \x1b[1;38;5;208mloud\x1b[0m",
    "nul \0 bell \x07 erase \x1b[2K right-to-left \u202eevil\u202c",
    "ERROR it failed\nTraceback (most recent call last):\n  File \"x.py\", line 1",
    "x".repeat(1 << 20),
    "long " + "0123456789 ".repeat(200),
  ];
  const filler = Array.from({ length: 300 }, (_, n) => `INFO filler ${n} ${n % 5 === 0 ? "words ".repeat(60) : ""}`);
  writeFileSync(join(folder, "odd.log"), [...lines, ...filler].map((line, n) => `${stamp(n)} ${line}\n`).join(""));
}

/** A task with groups, one in another, one never closed, and an error with its traceback; another source in between. */
function writeRun(folder: string) {
  mkdirSync(folder, { recursive: true });
  const stamp = (n: number) => new Date(START + n * 100).toISOString();
  const task = [
    "INFO start",
    "INFO ::group::Pre execute",
    "INFO one",
    "INFO ::group::Inner",
    "INFO two",
    "INFO ::endgroup::",
    "INFO ::endgroup::",
    "ERROR it failed\nTraceback (most recent call last):\n  File \"x.py\", line 1\nValueError: 7",
    "INFO ::group::Empty",
    "INFO ::endgroup::",
    "INFO ::group::Never closed",
    "INFO three",
    "WARN careful",
    "INFO end",
  ];
  const lines = task.map((line, n) => `${stamp(n)} ${line}\n`);
  writeFileSync(join(folder, "task.log"), lines.join(""));
  writeFileSync(join(folder, "triggerer.log"), `${new Date(START + 250).toISOString()} INFO between\n`);
}

/** Lines that are read more easily than they were written. */
function writeAids(folder: string) {
  mkdirSync(folder, { recursive: true });
  const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();
  const bar = (percent: number) => `shards: ${percent}%|${"█".repeat(percent / 5).padEnd(20)}| ${percent * 89}/8900`;
  const lines = [
    `${at(0)} INFO the first line`,
    `${at(1)} INFO \x1b[38;5;208morange\x1b[0m \x1b[38;2;30;30;30mnight\x1b[0m \x1b[48;2;90;20;120;97mground\x1b[0m \x1b[2K\x1b[1Aend`,
    `${at(2)} INFO ${[0, 20, 40, 60].map(bar).join("\r")}\r`,
    `${at(3)} INFO see https://example.com/a_(b)?c=d. (http://x.example), javascript:alert(1)`,
    `[2026-11-22 02:14:04,500] {jobs.py:10} WARNING - loss=0.5 a==b`,
    JSON.stringify({ time: at(5), level: "info", message: "request served", path: "/a b", status: 200, user: { id: 7 } }),
    `ts=${at(6)} level=warn msg="slow query" ms=1204`,
    `${at(7)} ERROR it failed\nTraceback: x=1`,
    `${at(19.5)} INFO after the gap`,
    `{"level":"info","nested":${"[".repeat(7000)}${"]".repeat(7000)}}`,
    ...Array.from({ length: 60 }, (_, n) => `${at(20 + n / 2)} INFO filler ${n} shard=${n % 3}`),
  ];
  writeFileSync(join(folder, "aids.log"), lines.map((line) => `${line}\n`).join(""));
}
