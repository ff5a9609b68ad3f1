import { expect, test } from "./pages.ts";
import { fixture, type Site } from "./servers.ts";

let site: Site;
test.beforeAll(async () => {
  site = await fixture();
});
test.afterAll(async () => await site.stop());

async function startMany(count: number, batch: string): Promise<void> {
  const each = Array.from({ length: count }, (_, number) => number);
  for (let from = 0; from < count; from += 50) {
    await Promise.all(
      each.slice(from, from + 50).map((number) => site.start("Waits", number, { id: `${batch}-${number}`, tags: { batch } })),
    );
  }
}

test("five hundred instances are terminated together", async ({ page }) => {
  await startMany(500, "bulk");
  await site.start("Waits", 0, { id: "untouched" });
  await page.goto(`${site.url}/instances?q=${encodeURIComponent("tag:batch=bulk")}`);
  await expect(page.getByRole("button", { name: /Running\s*500/ })).toBeVisible();
  await page.getByRole("button", { name: "All that match" }).click();
  await page.getByRole("menuitem", { name: "Terminate…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("500 instances are affected.");
  await dialog.getByRole("button", { name: "Terminate 500" }).click();
  await expect(dialog).toContainText("Terminate: 500 done.");
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await expect(page.getByRole("button", { name: /Terminated\s*500/ })).toBeVisible();
  const counts = await site.api("GET", "/api/v1/counts?tag=batch%3Dbulk");
  expect(counts.byStatus).toEqual({ Terminated: 500 });
  expect((await site.api("GET", "/api/v1/instances/untouched")).status).toBe("Running");
});

test("a filter is text and pills, and both are the address", async ({ page }) => {
  await startMany(3, "pills");
  await site.start("Greet", "Ada", { id: "greeting-of-ada" });
  await site.end("greeting-of-ada");
  await page.goto(`${site.url}/instances`);
  await expect(page.getByRole("table", { name: "Instances" })).toBeVisible();
  await page.keyboard.press("/");
  const filter = page.getByRole("combobox", { name: "Filter" });
  await expect(filter).toBeFocused();
  await page.keyboard.type("name:Greet status:completed");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=name/);
  const list = page.getByRole("table", { name: "Instances" });
  await expect(list.getByText("greeting-of-ada")).toBeVisible();
  await expect(list.getByText("pills-0")).toBeHidden();
  await page.reload();
  await expect(list.getByText("greeting-of-ada")).toBeVisible();
  // Part of an id, as it is remembered.
  await page.goto(`${site.url}/instances?q=of-ad`);
  await expect(list.getByText("greeting-of-ada")).toBeVisible();
});

test("the list follows what happens without being asked for", async ({ page }) => {
  await site.start("Waits", 1, { id: "was-there" });
  await page.goto(`${site.url}/instances`);
  const list = page.getByRole("table", { name: "Instances" });
  await expect(list.getByRole("row").filter({ hasText: "was-there" })).toBeVisible();
  await site.start("Waits", 1, { id: "comes-live" });
  const row = list.getByRole("row").filter({ hasText: "comes-live" });
  await expect(row).toContainText("Running");
  await site.api("POST", "/api/v1/instances/comes-live/events/go", "done");
  await expect(row).toContainText("Completed");
});

test("arrows go through the list, and Enter opens", async ({ page }) => {
  await startMany(3, "keys");
  await page.goto(`${site.url}/instances?q=${encodeURIComponent("tag:batch=keys")}`);
  const list = page.getByRole("table", { name: "Instances" });
  await expect(list.getByText("keys-2")).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/instances\/keys-\d/);
});
