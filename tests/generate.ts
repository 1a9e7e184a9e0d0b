// Logs that are known line by line, so that a test can say what stands where.
import { existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync, closeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const LINES = Number(process.env.LOGBOOM_TEST_LINES ?? 10_000_000);
const SOURCES = ["scheduler.log", "worker-1.log", "worker-2.log"];
const START = Date.UTC(2026, 10, 22, 2, 14);

/** The folder with all logs: made once a run, kept for the next. */
export function logs(): string {
  const folder = join(tmpdir(), `logboom-tests-2-${LINES}`);
  if (existsSync(join(folder, "done"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  writeLarge(join(folder, "large"));
  writeOdd(join(folder, "odd"));
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
