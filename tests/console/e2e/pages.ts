import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Page } from "@playwright/test";

/**
 * A page whose console must stay clean: errors of scripts, and whatever the content security policy refused. Answers
 * with an error are the server's, and tests expect some of them.
 */
export const test = base.extend({
  page: async ({ page }, use) => {
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("dialog", (dialog) => {
      faults.push(`a dialog opened: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        faults.push(message.text());
      }
    });
    await use(page);
    expect(faults).toEqual([]);
  },
});

export { expect } from "@playwright/test";

/** Looks for what keeps people out. */
export async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  expect(told, page.url()).toEqual([]);
}

/** Opens an instance's dialog for an action, wherever its button is, and gives the dialog. */
export async function choose(page: Page, action: string) {
  const button = page.getByRole("button", { name: `${action}…`, exact: true });
  const more = page.getByRole("button", { name: "More" });
  await expect(button.or(more).first()).toBeVisible();
  if (await button.isVisible()) {
    await button.click();
  } else {
    await more.click();
    await page.getByRole("menuitem", { name: `${action}…`, exact: true }).click();
  }
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  return dialog;
}
