import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Locator, type Page } from "@playwright/test";

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

/** Puts a text into an editor in the place of what is there, as if it were pasted. */
export async function write(editor: Locator, text: string): Promise<void> {
  await editor.click();
  await editor.press("ControlOrMeta+a");
  await editor.page().keyboard.insertText(text);
}

/** Looks for what keeps people out. */
export async function accessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, impact, nodes }) => `${impact}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  expect(told, page.url()).toEqual([]);
}

/** Opens an instance's dialog for an action, and gives the dialog. */
export async function choose(page: Page, action: string) {
  await page.locator("main header").first().getByRole("button", { name: `${action}…`, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  return dialog;
}
