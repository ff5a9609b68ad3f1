import { choose, expect, test } from "./pages.ts";
import { order, type Site } from "./servers.ts";

let site: Site;
test.beforeAll(async () => {
  site = await order();
});
test.afterAll(async () => await site.stop());

test("an order's status changes live, and the payment is accepted from the console", async ({ page }) => {
  const session = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff";
  const started = await fetch(`${site.url}/order/start/${session}`, { method: "POST" });
  expect(started.status).toBe(202);
  const { id } = (await started.json()) as { id: string };

  await page.goto(`${site.url}/instances/${id}`);
  await expect(page.getByRole("heading", { name: id })).toBeVisible();
  // Nothing is loaded again: what the page shows comes by its stream.
  const status = page.getByTestId("custom-status");
  const seen = new Set<string>();
  await expect
    .poll(
      async () => {
        seen.add((await status.textContent()) ?? "");
        return [...seen].some((text) => text.includes("AwaitingPayment"));
      },
      { intervals: [50] },
    )
    .toBe(true);
  expect(seen.size, [...seen].join(", ")).toBeGreaterThanOrEqual(3);

  await page.getByRole("tab", { name: "Children" }).click();
  const child = page.getByRole("tabpanel").getByRole("link").first();
  await expect(child).toBeVisible();
  await child.click();
  const why = page.getByRole("region", { name: "Why it waits" });
  await expect(why).toContainText("payment-request-success");

  const dialog = await choose(page, "Raise event");
  await expect(dialog).toContainText("It waits for");
  await dialog.getByRole("button", { name: "payment-request-success" }).click();
  await dialog.getByRole("button", { name: "Raise event", exact: true }).click();
  await expect(page.getByText("The event was raised.").first()).toBeVisible();
  await expect(page.getByTestId("status")).toContainText("Completed");

  await page.getByRole("link", { name: id }).first().click();
  await expect(page.getByTestId("status")).toContainText("Completed");
  await expect(status).toContainText("Completed");
});
