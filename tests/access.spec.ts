// Access: no violation that axe finds, in every state of the pages; all by keyboard, with a focus that is seen and comes back.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, serve, test as base } from "./fixtures.ts";
import type { Viewer } from "./pages/viewer.ts";

const test = base.extend<{}, { failing: string }>({
  // A log one of whose sources is no gzip file, though it is called one.
  failing: [
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), "logboom-access-"));
      mkdirSync(join(folder, "task"));
      writeFileSync(join(folder, "task", "good.log"), "2026-11-22T02:14:00Z INFO fine\n2026-11-22T02:14:01Z ERROR bad\n");
      writeFileSync(join(folder, "task", "bad.log.gz"), Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), Buffer.alloc(200, 0xa7)]));
      const server = await serve(folder);
      await use(server.address);
      await server.end();
      rmSync(folder, { recursive: true });
    },
    { scope: "worker" },
  ],
});

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

async function check(page: Page) {
  // A ground that a line asks for is drawn as it is, and so is the text on it.
  const found = await new AxeBuilder({ page }).exclude('[class*="bg-"]').analyze();
  expect(found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`)).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBe(0);
}

/** A tool of the header, which on a narrow screen stands behind “More”. */
async function tool(page: Page, name: string) {
  const button = page.getByRole("button", { name, exact: true });
  if (!(await button.isVisible())) await page.getByRole("button", { name: "More", exact: true }).click();
  await button.click();
}

type Open = (it: { page: Page; viewer: Viewer; failing: string }) => Promise<void>;

/** Every state of the pages, and how a reader comes to it. */
const STATES: Record<string, Open> = {
  "the list": async ({ page, viewer }) => {
    await page.goto("/");
    await viewer.hydrated();
  },
  "the list, filtered": async ({ page, viewer }) => {
    await page.goto("/?q=run");
    await viewer.hydrated();
  },
  "the list, nothing found": async ({ page, viewer }) => {
    await page.goto("/?q=nosuch");
    await viewer.hydrated();
  },
  "a log": ({ viewer }) => viewer.open("large", "?n=990"),
  "a log with all that is odd": ({ viewer }) => viewer.open("odd"),
  "lines of every kind": ({ viewer }) => viewer.open("aids"),
  "wrapped lines": ({ viewer }) => viewer.open("odd", "?wrap=1"),
  "an empty log": ({ viewer }) => viewer.open("runs/empty"),
  "a search": async ({ viewer }) => {
    await viewer.open("run", "?q=in");
    await expect(viewer.matches).toHaveAttribute("data-done", "true");
  },
  "a search that cannot be": async ({ page, viewer }) => {
    await viewer.open("run");
    await page.getByRole("button", { name: "Regular expression" }).click();
    await viewer.search.fill("(");
    await expect(page.locator("#search-problem")).not.toBeEmpty();
  },
  "only matches": ({ viewer }) => viewer.open("run", "?q=in&only=1"),
  "levels and sources": ({ viewer }) => viewer.open("run", "?level=info,error&source=task.log&since=2026-11-22T02:14:00Z&until=2026-11-22T02:15:00Z"),
  "nothing left": async ({ page, viewer }) => {
    await viewer.open("run", "?level=fatal&q=nosuch&only=0");
    await expect(page.getByRole("heading", { name: "No line meets all conditions" })).toBeVisible();
  },
  "a selection": async ({ page, viewer }) => {
    await viewer.open("run", "?n=3");
    await viewer.current.focus();
    await page.keyboard.press("Shift+ArrowDown");
    await expect(page.getByRole("toolbar", { name: "The selected lines" })).toBeVisible();
  },
  "folded lines": async ({ viewer }) => {
    await viewer.open("run");
    await viewer.row(9).getByRole("button", { name: "Fold what belongs under this line" }).click();
    await expect(viewer.row(9).getByRole("button", { name: "Show 3 folded lines" })).toBeVisible();
  },
  "an open line": async ({ page, viewer }) => {
    await viewer.open("aids", "?n=6");
    await viewer.current.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("record")).toBeVisible();
  },
  "the view": async ({ page, viewer }) => {
    await viewer.open("run");
    await tool(page, "View");
    await expect(page.getByRole("dialog", { name: "How lines are shown" })).toBeVisible();
  },
  "downloads": async ({ page, viewer }) => {
    await viewer.open("run", "?level=error");
    await tool(page, "Download");
    await expect(page.getByRole("link", { name: "Text, gzip" }).first()).toBeVisible();
  },
  "help": async ({ page, viewer }) => {
    await viewer.open("run");
    await tool(page, "Keys and help");
    await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  },
  "what is behind the header’s buttons": async ({ page, viewer }) => {
    await viewer.open("run");
    const filters = page.getByRole("button", { name: "Filters", exact: true });
    if (!(await filters.isVisible())) return;
    await page.getByRole("button", { name: "More", exact: true }).click();
    await expect(viewer.goto).toBeVisible();
    await check(page);
    await page.keyboard.press("Escape");
    await filters.click();
    await expect(page.getByTestId("level-ERROR")).toBeVisible();
  },
  "a place that is none": async ({ page, viewer }) => {
    await viewer.open("run");
    if (!(await viewer.goto.isVisible())) await page.getByRole("button", { name: "More", exact: true }).click();
    await viewer.go("noon");
    await expect(page.locator("#goto-problem")).not.toBeEmpty();
  },
  "an address that makes no sense": async ({ page, viewer }) => {
    await viewer.open("run", "?level=loud&n=zero");
    await expect(page.getByRole("alert").filter({ hasText: "level=loud" })).toBeVisible();
  },
  "a source that failed": async ({ page, viewer, failing }) => {
    await page.goto(`${failing}/t/task`);
    await viewer.hydrated();
    await expect(page.getByText("could not be read")).toBeVisible();
  },
  "a log in another page": async ({ page, viewer }) => {
    await page.goto("/embed/run?q=in");
    await viewer.hydrated();
  },
  "a page that is not there": async ({ page }) => {
    await page.goto("/t/nosuch");
    await expect(page.getByRole("heading", { name: "No such log" })).toBeVisible();
  },
};

// Each state is seen wide and narrow, and half of them light where the others are dark.
Object.entries(STATES).forEach(([name, open], index) => {
  for (const viewport of [WIDE, NARROW]) {
    const colorScheme = (index % 2 === 0) === (viewport === WIDE) ? "dark" : "light";
    test.describe(`${viewport === WIDE ? "wide" : "narrow"}, ${colorScheme}`, () => {
      test.use({ colorScheme, viewport });
      test(`axe finds nothing: ${name}`, async ({ page, viewer, failing }) => {
        await open({ page, viewer, failing });
        await check(page);
      });
    });
  }
});

for (const viewport of [WIDE, NARROW]) {
  test(`axe finds nothing where the client never came, ${viewport.width} wide`, async ({ page }) => {
    // Axe is a script itself; only ours does not come.
    await page.route(/\.(js|wasm)$/, (route) => route.abort());
    await page.setViewportSize(viewport);
    await page.goto("/t/run?level=info");
    await check(page);
  });
}

test("forced colours keep what matters in sight", async ({ page, viewer }) => {
  await page.emulateMedia({ forcedColors: "active" });
  await viewer.open("run", "?level=info,error&n=2");
  await check(page);
  const outline = await viewer.current.evaluate((row) => getComputedStyle(row).outlineStyle);
  expect(outline).toBe("solid");
  const pressed = page.getByTestId("level-INFO");
  const border = (of: typeof pressed) => of.evaluate((it) => getComputedStyle(it).borderTopColor);
  expect(await border(pressed)).not.toBe(await border(page.getByTestId("level-DEBUG")));
});

test("who wants no motion gets none", async ({ page, viewer }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await viewer.open("run", "?q=in");
  await check(page);
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((it) => {
    const style = getComputedStyle(it);
    return style.animationName !== "none" || (style.transitionProperty !== "none" && style.transitionDuration !== "0s");
  }).length);
  expect(moving).toBe(0);
});

/** The element with the focus: its name, and whether the focus is seen on it. */
const focused = (page: Page) => page.evaluate(() => {
  const it = document.activeElement as HTMLElement;
  const box = it.getBoundingClientRect();
  // Where a field has no frame of its own, the focus shows on the form around it.
  const framed = [it, it.closest("form")].some((frame) => frame && getComputedStyle(frame).outlineStyle !== "none");
  const name = it.getAttribute("aria-label") ?? (it as HTMLInputElement).labels?.[0]?.textContent ?? it.innerText ?? "";
  return { name: name.trim().replaceAll("\n", " ") || it.id || it.tagName, row: it.matches(".row"), body: it === document.body, seen: framed && box.width > 0 };
});

for (const viewport of [WIDE, NARROW]) {
  test(`Tab comes by every control, each with its focus seen, and by one row, ${viewport.width} wide`, async ({ page, viewer }) => {
    await page.setViewportSize(viewport);
    await viewer.open("run", "?n=2&level=info,error");
    await page.locator("body").evaluate((body) => {
      (document.activeElement as HTMLElement | null)?.blur();
      body.focus();
    });
    const met: string[] = [];
    let rows = 0;
    for (let step = 0; step < 80; step++) {
      await page.keyboard.press("Tab");
      const now = await focused(page);
      if (now.body) break;
      if (!now.seen) met.push(`${now.name}: no focus to be seen`);
      rows += Number(now.row);
      met.push(now.name);
      if (met.length > 1 && now.name === met[0]) break;
    }
    expect(met.filter((name) => name.endsWith("no focus to be seen"))).toEqual([]);
    expect(rows).toBe(1);
    const wanted = viewport === WIDE
      ? ["Search in the log", "Regular expression", "Go to a line or a time", "Wrap", "Copy link", "Download", "View"]
      : ["Filters", "More", "Search in the log", "Regular expression"];
    for (const name of wanted) expect(met.join("\n")).toContain(name);
  });
}

test("popovers, the help and an open line give the focus back", async ({ page, viewer }) => {
  await viewer.open("run", "?n=2");
  for (const name of ["View", "Download", "Keys and help"]) {
    const button = page.getByRole("button", { name, exact: true });
    await button.focus();
    await page.keyboard.press("Enter");
    await expect(page.locator(":popover-open, dialog[open]")).toHaveCount(1);
    await page.keyboard.press("Escape");
    await expect(page.locator(":popover-open, dialog[open]")).toHaveCount(0);
    await expect(button).toBeFocused();
  }
  await viewer.current.focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("record").getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("record")).toBeHidden();
  await expect(viewer.current).toBeFocused();
});

test("on a narrow screen the key for a place opens what holds its field, and the focus comes to the line", async ({ page, viewer }) => {
  await page.setViewportSize(NARROW);
  await viewer.open("run", "?n=2");
  await viewer.current.focus();
  await page.keyboard.press(":");
  await expect(viewer.goto).toBeFocused();
  await page.keyboard.type("5");
  await page.keyboard.press("Enter");
  await expect(viewer.goto).toBeHidden();
  await expect(viewer.row(5)).toBeFocused();
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("button", { name: "Keys and help" }).click();
  await page.keyboard.press("Escape");
  await expect(viewer.row(5)).toBeFocused();
});
