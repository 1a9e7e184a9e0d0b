// A log as a file.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "./fixtures.ts";
import { text } from "./generate.ts";

test("the lines shown now are saved, packed or not", async ({ page, viewer }) => {
  await viewer.open("large", "?level=error&until=2026-11-22T02:14:10Z");
  await page.locator("#download").evaluate((popover: HTMLElement) => popover.showPopover());
  const shown = page.getByRole("row", { name: "The lines shown now" });
  const saved = async (name: string) => {
    const [download] = await Promise.all([page.waitForEvent("download"), shown.getByRole("link", { name, exact: true }).click()]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  };
  const plain = await saved("Text");
  expect(plain.name).toBe("large.log");
  const lines = plain.bytes.toString().trimEnd().split("\n");
  expect(lines).toHaveLength(10);
  expect(lines[0]).toContain(`ERROR ${text(1000)}`);
  const packed = await saved("Text, gzip");
  expect(packed.name).toBe("large.log.gz");
  expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
  const records = await saved("NDJSON, gzip");
  expect(records.name).toBe("large.ndjson.gz");
  expect(JSON.parse(gunzipSync(records.bytes).toString().split("\n")[0]!).n).toBe(1000);
});

test("the whole log needs no script to be saved", async ({ browser, baseURL }) => {
  const page = await browser.newPage({ javaScriptEnabled: false, baseURL: baseURL! });
  await page.goto("/t/odd");
  const link = page.locator("#download").getByRole("link", { name: "NDJSON", exact: true, includeHidden: true });
  await expect(link).toHaveAttribute("href", "/api/v1/tasks/odd/lines?download=1&as=ndjson");
  await expect(page.locator("#download").getByText("The lines shown now")).toHaveCount(0);
  await page.close();
});
