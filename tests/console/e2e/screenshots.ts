import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { order, type Site, transaction } from "./servers.ts";

const images = join(import.meta.dirname, "../../../docs/images");

/** Something of everything: purchases and refunds, some that failed, and more of them at a time. */
async function fill(site: Site): Promise<void> {
  const products = ["lamp", "desk", "chair", "vase", "mirror", "rug"];
  const started: string[] = [];
  for (let number = 0; number < 900; number++) {
    const product = products[number % products.length];
    const kind = number % 7 === 0 ? "Refund" : number % 31 === 5 ? "Exchange" : "Purchase";
    const input = number % 40 === 11 ? { transaction: kind } : { transaction: kind, product };
    started.push(await site.start("transaction", input, { tags: { shop: number % 3 ? "berlin" : "paris" } }));
    await new Promise((resolve) => setTimeout(resolve, 40 + 200 * Math.sin(number / 60) ** 2));
  }
  await Promise.all(started.map((id) => site.end(id)));
}

/** A purchase whose function fails. */
async function failure(site: Site): Promise<string> {
  const file = join(site.folder, "app/functions/process_purchase/func.py");
  const whole = await readFile(file, "utf8");
  await writeFile(file, whole.replace('    product = order["product"]\n', '    raise ValueError("the card was refused")\n'));
  try {
    for (;;) {
      const id = await site.start("transaction", { transaction: "Purchase", product: "lamp" });
      if ((await site.end(id)).status === "Failed") {
        return id;
      }
    }
  } finally {
    await writeFile(file, whole);
  }
}

test("pictures of the main pages", async ({ page }) => {
  test.setTimeout(600_000);
  await mkdir(images, { recursive: true });
  await page.setViewportSize({ width: 1360, height: 850 });
  const shop = await transaction();
  const orders = await order();
  try {
    // The first call builds the functions' environment.
    await shop.end(await shop.start("transaction", { transaction: "Purchase", product: "lamp" }));
    await fill(shop);
    const failed = await failure(shop);
    await shop.start("transaction", { transaction: "Refund", product: "rug" });
    const session = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
    const started = await fetch(`${orders.url}/order/start/${session}`, { method: "POST" });
    const { id } = (await started.json()) as { id: string };
    await expect.poll(async () => (await orders.api("GET", `/api/v1/instances/${id}`)).customStatus).toBe("AwaitingPayment");
    await new Promise((resolve) => setTimeout(resolve, 12_000)); // for a step of the charts

    const pages: [string, string][] = [
      ["home", `${shop.url}/`],
      ["instances", `${shop.url}/instances`],
      ["failure", `${shop.url}/instances/${failed}`],
      ["definition", `${shop.url}/workflows/transaction?part=definition`],
      ["order", `${orders.url}/instances/${id}`],
      ["timeline", `${orders.url}/instances/${id}?tab=timeline`],
    ];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [name, url] of pages) {
        await page.goto(url);
        await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
        await page.waitForTimeout(1_500); // for what is drawn
        await page.screenshot({ path: join(images, `${name}-${colorScheme}.png`) });
      }
    }
  } finally {
    await shop.stop();
    await orders.stop();
  }
});
