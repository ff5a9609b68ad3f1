import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { accessible, choose, expect, test, write } from "./pages.ts";
import { type Site, transaction } from "./servers.ts";

let site: Site;
test.beforeAll(async () => {
  test.setTimeout(300_000);
  site = await transaction();
});
test.afterAll(async () => await site.stop());

/** Starts a purchase from the form that the input's schema makes. */
async function purchase(page: Page, product: string): Promise<void> {
  await page.goto(`${site.url}/workflows/transaction?part=start`);
  await page.getByLabel("transaction").first().fill("Purchase");
  await page.getByLabel("product").first().fill(product);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(page).toHaveURL(/\/instances\//);
}

test("a purchase fails, is understood, repaired and rewound", async ({ page }) => {
  test.setTimeout(240_000);
  await purchase(page, "lamp");
  await expect(page.getByTestId("status")).toContainText("Completed", { timeout: 120_000 });
  await page.getByRole("tab", { name: "Graph" }).click();
  const state = (name: string) => page.getByRole("tabpanel").locator(".react-flow__node").filter({ hasText: name });
  await expect(state("ProcessPurchase")).toContainText("Succeeded");
  await expect(state("ShipItem")).toContainText("Succeeded");
  await expect(state("ProcessRefund")).toContainText("Not entered");

  const file = join(site.folder, "app/functions/process_purchase/func.py");
  const whole = await readFile(file, "utf8");
  await writeFile(file, whole.replace('    product = order["product"]\n', '    logging.getLogger().info("about to charge")\n    raise ValueError("card refused")\n'));
  await expect
    .poll(async () => {
      const started = await site.start("transaction", { transaction: "Purchase", product: "probe" });
      return (await site.end(started)).status;
    }, { timeout: 60_000 })
    .toBe("Failed");

  await purchase(page, "desk");
  await expect(page.getByTestId("status")).toContainText("Failed");
  await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("card refused");
  await page.getByRole("tab", { name: "Graph" }).click();
  await expect(state("ProcessPurchase")).toContainText("Failed");
  await page.getByRole("tab", { name: "Logs" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("about to charge");

  await writeFile(file, whole);
  await expect
    .poll(async () => {
      const started = await site.start("transaction", { transaction: "Purchase", product: "probe" });
      return (await site.end(started)).status;
    }, { timeout: 60_000 })
    .toBe("Completed");
  const dialog = await choose(page, "Rewind");
  await expect(dialog).toContainText("what succeeded is kept");
  await dialog.getByRole("button", { name: "Rewind", exact: true }).click();
  await expect(page.getByText("It is being rewound.").first()).toBeVisible();
  await expect(page.getByTestId("status")).toContainText("Completed");
  await page.getByRole("tab", { name: "Graph" }).click();
  await expect(state("ShipItem")).toContainText("Succeeded");
});

test("the graph turns while the machine runs", async ({ page }) => {
  const file = join(site.folder, "app/functions/process_refund/func.py");
  const whole = await readFile(file, "utf8");
  await writeFile(file, whole.replace("    product =", "    import time; time.sleep(4)\n    product ="));
  await expect
    .poll(async () => {
      const began = Date.now();
      await site.end(await site.start("transaction", { transaction: "Refund", product: "probe" }));
      return Date.now() - began;
    }, { timeout: 90_000 })
    .toBeGreaterThan(3_900);
  const id = await site.start("transaction", { transaction: "Refund", product: "chair" });
  await page.goto(`${site.url}/instances/${id}?tab=graph`);
  const node = page.locator(".react-flow__node").filter({ hasText: "ProcessRefund" });
  await expect(node).toContainText("Running");
  await expect(node).toContainText("Succeeded");
  await writeFile(file, whole);
});

test("a definition is edited beside its diagram, with marks where it is wrong", async ({ page }) => {
  await page.goto(`${site.url}/workflows/transaction?part=definition`);
  const node = (name: string) => page.locator(".react-flow__node").filter({ hasText: name });
  await expect(node("ShipItem")).toBeVisible();
  const editor = page.getByLabel("Definition of transaction");
  const file = join(site.folder, "app/workflows/transaction.asl.json");
  const whole = await readFile(file, "utf8");

  await write(editor, whole.replace('"Next": "ShipItem"', '"Next": "ShipIt"'));
  await expect(page.getByRole("region", { name: "Problems" }).or(page.getByLabel("Problems"))).toContainText("ShipIt");
  await expect(page.getByRole("button", { name: "Review and save" })).toBeDisabled();

  const renamed = whole.replaceAll("ShipItem", "SendParcel");
  await write(editor, renamed);
  await expect(node("SendParcel")).toBeVisible();
  await page.getByRole("button", { name: "Review and save" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("dialog")).toBeHidden();
  expect(await readFile(file, "utf8")).toBe(renamed);
  const id = await site.start("transaction", { transaction: "Purchase", product: "vase" });
  await site.end(id);
  await page.goto(`${site.url}/instances/${id}?tab=graph`);
  await expect(node("SendParcel")).toContainText("Succeeded");
});

test("a function is called from its page", async ({ page }) => {
  await page.goto(`${site.url}/functions/process_refund?part=invoke`);
  await write(page.getByLabel("Payload (JSON)"), '{"product": "lamp"}');
  await page.getByRole("button", { name: "Invoke" }).click();
  await expect(page.getByText("Refund for lamp succeeded")).toBeVisible();
  await expect(page.getByText("refunding lamp")).toBeVisible();
});

test("a store in use is checked from its page", async ({ page }) => {
  await page.goto(`${site.url}/storage`);
  await page.getByRole("button", { name: "Check now" }).click();
  await expect(page.getByRole("region", { name: "Check" })).toContainText("Nothing is wrong.");
  await accessible(page);
});

test("another task hub is another world", async ({ page }) => {
  await site.end(await site.start("transaction", { transaction: "Other" }, { id: "of-the-default-hub" }));
  await site.api("PUT", "/api/v1/hubs/elsewhere");
  await page.goto(`${site.url}/instances`);
  await expect(page.getByText("of-the-default-hub")).toBeVisible();
  await page.getByRole("combobox", { name: "Task hub" }).selectOption("elsewhere");
  await expect(page).toHaveURL(/hub=elsewhere/);
  await expect(page.getByText("of-the-default-hub")).toBeHidden();
  await page.getByRole("link", { name: "Home" }).click();
  await expect(page).toHaveURL(/hub=elsewhere/);
  await accessible(page);
});

test("pages of functions and workflows keep nobody out", async ({ page }) => {
  for (const path of ["/", "/workflows", "/workflows/transaction", "/workflows/transaction?part=definition",
    "/workflows/transaction?part=start", "/functions", "/functions/ship_item"]) {
    await page.goto(site.url + path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await page.waitForLoadState("networkidle");
    await accessible(page);
  }
});
