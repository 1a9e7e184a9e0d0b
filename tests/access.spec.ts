// Access: no violation that axe finds, in both themes, wide and narrow.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./fixtures.ts";

for (const colorScheme of ["light", "dark"] as const) {
  for (const [name, viewport] of [["wide", { width: 1440, height: 900 }], ["narrow", { width: 390, height: 844 }]] as const) {
    test.describe(`${colorScheme}, ${name}`, () => {
      test.use({ colorScheme, viewport });
      for (const path of ["/", "/t/odd", "/t/large?n=990"]) {
        test(`axe finds nothing on ${path}`, async ({ page }) => {
          await page.goto(path);
          await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
          const found = await new AxeBuilder({ page }).analyze();
          expect(found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`)).toEqual([]);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
          expect(overflow).toBe(0);
        });
      }

      test("axe finds nothing on lines of every kind, on an open one, on the options", async ({ page, viewer }) => {
        const check = async () => {
          // A ground that a line asks for is drawn as it is, and so is the text on it.
          const found = await new AxeBuilder({ page }).exclude('[class*="bg-"]').analyze();
          expect(found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ")}`)).toEqual([]);
        };
        await viewer.open("aids", "?n=6");
        await page.keyboard.press("Enter");
        await expect(page.getByTestId("record")).toBeVisible();
        await check();
        await page.keyboard.press("Escape");
        await page.getByRole("button", { name: "View", exact: true }).click();
        await check();
      });
    });
  }
}
