// Reading: the first paint, with and without a script, and what a log may hold.
import { expect, test } from "./fixtures.ts";
import { LINES, text } from "./generate.ts";

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a log reads, and pages by links", async ({ viewer, page }) => {
    await page.goto("/t/large");
    await expect(viewer.row(1)).toContainText(text(1));
    await expect(viewer.row(200)).toHaveCount(1);
    await page.getByRole("link", { name: "Later lines" }).click();
    await expect(viewer.row(201)).toContainText(text(201));
    await page.getByRole("link", { name: "Earlier lines" }).click();
    await expect(viewer.row(1)).toContainText(text(1));
    await page.getByRole("link", { name: "Last lines" }).click();
    await expect(viewer.log).toContainText(text(LINES));
  });

  test("the go-to form finds a line and a time", async ({ viewer, page }) => {
    await page.goto("/t/large");
    await viewer.go("5,000");
    await expect(viewer.row(5000)).toContainText(text(5000));
    await viewer.go("02:14:10");
    await expect(viewer.log).toContainText(text(10_001));
    await viewer.go("noon");
    await expect(page.getByRole("alert").filter({ hasText: "neither a line nor a time" })).toBeVisible();
  });

  test("the list filters by its form", async ({ page }) => {
    await page.goto("/");
    await expect(page.getByRole("link", { name: /large/ })).toBeVisible();
    await page.goto("/?q=odd");
    await expect(page.getByRole("link", { name: /large/ })).toBeHidden();
    await expect(page.getByRole("link", { name: /odd/ })).toBeVisible();
  });
});

test("all rows are there where the client does not come", async ({ viewer, page }) => {
  await page.route("**/*.wasm", (route) => route.abort());
  await page.goto("/t/large");
  const last = viewer.row(200).locator(".text");
  await last.scrollIntoViewIfNeeded();
  await expect.poll(() => last.evaluate((cell) => cell.checkVisibility())).toBe(true);
});

test("the client takes over in silence, and nothing moves", async ({ viewer, page, browser, baseURL, quiet }) => {
  const bare = await browser.newContext({ baseURL: baseURL!, viewport: page.viewportSize() });
  await bare.route("**/pkg/*.{js,wasm}", (route) => route.abort());
  const before = await bare.newPage();
  await before.goto("/t/odd");
  // Without a script there is no timeline above the log.
  const shape = (log: Element) => [...log.querySelectorAll('[role="row"]')].slice(0, 30).map((row) => {
    const cells = [...row.children].map((cell) => cell.textContent!.trim().slice(0, 100));
    return [...cells, row.getBoundingClientRect().top - log.getBoundingClientRect().top, ...["data-n", "data-level", "data-lane", "aria-rowindex"].map((name) => row.getAttribute(name))];
  });
  const rendered = await before.getByTestId("log").evaluate(shape);
  await bare.close();
  await viewer.open("odd");
  expect(await viewer.log.evaluate(shape)).toEqual(rendered);
  expect(quiet).toEqual([]);
});

test("nothing in a log becomes markup, and nothing stays unseen", async ({ viewer, page, quiet }) => {
  await viewer.open("odd");
  await expect(viewer.row(1)).toContainText("<script>document.title = 'owned'</script><img src=x onerror=alert(1)>");
  await expect(viewer.log.locator("script, img")).toHaveCount(0);
  expect(await page.title()).not.toBe("owned");
  await expect(viewer.row(2).locator(".fg-1")).toHaveText("red");
  await expect(viewer.row(3)).toContainText("nul ␀ bell ␇ erase  right-to-left <U+202E>evil<U+202C>");
  expect(quiet).toEqual([]);
});

test("a line of a mebibyte shows its head, and the whole on demand", async ({ viewer, page }) => {
  await viewer.open("odd");
  const more = viewer.log.getByRole("button", { name: /show .* more/ });
  expect((await viewer.row(7).textContent())!.length).toBeLessThan(20_000);
  await more.click();
  const whole = page.getByRole("region", { name: "The line’s text" });
  await expect(whole).toContainText("xxxx");
  expect((await whole.textContent())!.length).toBeGreaterThan(1_000_000);
  await page.keyboard.press("Escape");
  await expect(whole).toBeHidden();
});

test("bad parameters are told, and the log is still there", async ({ page, viewer }) => {
  for (const query of ["?n=0", "?n=-1", "?anchor=nowhere", "?wrap=2", "?tz=mars", "?anchor=nosuch.log:5"]) {
    const answer = await page.goto(`/t/odd${query}`);
    expect([400, 404], query).toContain(answer!.status());
    await expect(page.getByRole("alert").first(), query).not.toBeEmpty();
    await expect(viewer.row(1), query).toBeVisible();
  }
});

test("a task that is not there is a 404 with a way back", async ({ page }) => {
  const answer = await page.goto("/t/nowhere/at/all");
  expect(answer!.status()).toBe(404);
  await page.getByRole("link", { name: "All logs" }).click();
  await expect(page).toHaveURL(/\/$/);
});

test("an empty log says so", async ({ viewer, page }) => {
  expect((await page.goto("/t/runs/empty"))!.status()).toBe(200);
  await viewer.hydrated();
  await expect(page.getByText("This log has no lines yet.")).toBeVisible();
});
