// A server of its own for each worker, on the generated logs; and a page that must stay silent.
import { test as base, expect } from "@playwright/test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { logs } from "./generate.ts";
import { Viewer } from "./pages/viewer.ts";

/** A server over a folder, on a port that was free. */
export async function serve(folder: string, ...more: string[]): Promise<{ address: string; end: () => Promise<void> }> {
  const binary = process.env.LOGBOOM ?? "target/release/logboom";
  const kept = mkdtempSync(join(tmpdir(), "logboom-data-"));
  const listen = more.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const options = [...listen, "--data", kept, ...more];
  const server = spawn(binary, ["serve", folder, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise<string>((resolve, reject) => {
    server.on("error", reject);
    server.on("exit", (code) => reject(new Error(`${binary} ended with ${code}`)));
    createInterface({ input: server.stdout }).on("line", (line) => {
      const found = /^listening on (http:\S+)/.exec(line);
      if (found) resolve(found[1]!.replace(/\/$/, ""));
    });
  });
  const end = async () => {
    server.removeAllListeners("exit");
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await ended;
    rmSync(kept, { recursive: true });
  };
  return { address, end };
}

type Fixtures = { viewer: Viewer; quiet: string[] };

export const test = base.extend<Fixtures, { server: string }>({
  server: [
    async ({}, use) => {
      const server = await serve(logs());
      await use(server.address);
      await server.end();
    },
    { scope: "worker", timeout: 180_000 },
  ],
  baseURL: async ({ server }, use) => use(server),
  viewer: async ({ page }, use) => use(new Viewer(page)),
  // What the console and the network complained about.
  quiet: [
    async ({ page }, use) => {
      const heard: string[] = [];
      page.on("console", (message) => {
        // The trace of a test measures rows that the first frame leaves out; nobody else does.
        if (message.text().startsWith("Rendering was performed in a subtree hidden by content-visibility.")) return;
        heard.push(`${message.type()}: ${message.text()}`);
      });
      page.on("pageerror", (error) => heard.push(`error: ${error.message}`));
      page.on("requestfailed", (request) => {
        // A request that was passed by is dropped, as it should be.
        const passedBy = request.url().includes("/api/page/") && request.failure()?.errorText === "net::ERR_ABORTED";
        if (!passedBy) heard.push(`failed: ${request.url()} ${request.failure()?.errorText}`);
      });
      await use(heard);
    },
    { auto: true },
  ],
});

export { expect };
