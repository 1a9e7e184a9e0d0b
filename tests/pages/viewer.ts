// A log's page as its reader meets it.
import { expect, type Locator, type Page } from "@playwright/test";

export class Viewer {
  readonly log: Locator;
  readonly total: Locator;
  readonly goto: Locator;
  readonly current: Locator;
  readonly search: Locator;
  readonly matches: Locator;

  constructor(readonly page: Page) {
    this.log = page.getByTestId("log");
    this.total = page.getByTestId("total");
    this.goto = page.getByTestId("goto");
    this.search = page.getByTestId("search");
    this.matches = page.getByTestId("match-count");
    this.current = this.log.locator('[aria-current="true"]');
  }

  row(n: number): Locator {
    return this.log.locator(`[data-n="${n}"]`);
  }

  /** Opens a log and waits until the client has taken over. */
  async open(task: string, query = "") {
    await this.page.goto(`/t/${task}${query}`);
    await this.hydrated();
  }

  async hydrated() {
    await expect(this.page.locator("html")).toHaveAttribute("data-hydrated", "true");
  }

  /** Waits until all lines are counted. */
  async counted(lines: number) {
    await expect(this.total).toHaveAttribute("data-value", String(lines), { timeout: 60_000 });
  }

  /** Waits until all was searched, and so many lines were found. */
  async found(matches: number) {
    await expect(this.matches).toHaveAttribute("data-done", "true", { timeout: 60_000 });
    await expect(this.matches).toHaveAttribute("data-value", String(matches), { timeout: 60_000 });
  }

  /** Gives the log the focus without moving in it. */
  async focus() {
    await this.log.locator("[data-n]").first().locator(".time").click();
  }

  /** How many pixels of a picture are drawn on. */
  async painted(picture: string): Promise<number> {
    return this.page.locator(`${picture} canvas`).evaluate((canvas: HTMLCanvasElement) => {
      const data = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data;
      return data.filter((_, index) => index % 4 === 3).reduce((sum, alpha) => sum + (alpha > 0 ? 1 : 0), 0);
    });
  }

  async go(where: string) {
    await this.goto.fill(where);
    await this.goto.press("Enter");
  }

  /** The number of the uppermost row that is wholly in view. */
  async top(): Promise<number> {
    return this.log.evaluate((log) => {
      const edge = log.getBoundingClientRect().top;
      const rows = [...log.querySelectorAll("[data-n]")];
      return Number(rows.find((row) => row.getBoundingClientRect().top >= edge - 1)?.getAttribute("data-n"));
    });
  }

  async rows(): Promise<number> {
    return this.log.locator('[role="row"]').count();
  }
}
