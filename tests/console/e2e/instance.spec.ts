import { readFile } from "node:fs/promises";
import { accessible, choose, expect, test, write } from "./pages.ts";
import { fixture, type Site } from "./servers.ts";

let site: Site;
test.beforeAll(async () => {
  site = await fixture();
});
test.afterAll(async () => await site.stop());

test("what can be done with an instance", async ({ page }) => {
  const id = await site.start("Waits", { shop: "berlin" }, { id: "steered" });
  await page.goto(`${site.url}/instances/${id}`);
  const status = page.getByTestId("status");
  await expect(status).toContainText("Running");

  let dialog = await choose(page, "Suspend");
  await dialog.getByLabel("Reason, for the history").fill("for a while");
  await dialog.getByRole("button", { name: "Suspend", exact: true }).click();
  await expect(status).toContainText("Suspended");
  dialog = await choose(page, "Resume");
  await dialog.getByRole("button", { name: "Resume", exact: true }).click();
  await expect(status).toContainText("Running");
  dialog = await choose(page, "Raise event");
  await dialog.getByLabel("Event").fill("go");
  await write(dialog.getByLabel("Payload"), '{"by": "hand"}');
  await dialog.getByRole("button", { name: "Raise event", exact: true }).click();
  await expect(status).toContainText("Completed");
  await page.getByRole("tab", { name: "Input and output" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("hand");

  dialog = await choose(page, "Restart");
  await dialog.getByRole("checkbox", { name: "With another input" }).check();
  await write(dialog.getByLabel("Input", { exact: true }), '{"shop": "paris"}');
  await dialog.getByRole("button", { name: "Restart", exact: true }).click();
  await expect(page).not.toHaveURL(/steered/);
  await expect(page.getByTestId("custom-status")).toContainText("paris");
  dialog = await choose(page, "Terminate");
  await dialog.getByRole("button", { name: "Terminate", exact: true }).click();
  await expect(status).toContainText("Terminated");

  await page.goto(`${site.url}/instances/${id}`);
  dialog = await choose(page, "Purge");
  await dialog.getByRole("button", { name: "Purge", exact: true }).click();
  await expect.poll(async () => (await fetch(`${site.url}/api/v1/instances/${id}`)).status).toBe(404);
});

test("a failure is told with its cause, its attempts and its place in the history", async ({ page }) => {
  const id = await site.start("Fails", "the card was refused", { id: "refused" });
  await site.end(id);
  await page.goto(`${site.url}/instances/${id}`);
  await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("the card was refused");
  await page.getByRole("tab", { name: "History" }).click();
  await page.getByLabel("Find in the history").fill("CardRefused");
  await expect(page.getByRole("tabpanel")).toContainText("TaskFailed");
  await page.getByRole("tab", { name: "Timeline" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("Refuse");
  await page.getByRole("tab", { name: "Graph" }).click();
  await expect(page.locator(".react-flow__node").filter({ hasText: "Refuse" })).toBeVisible();
});

test("a history is exported, and opened again without the server", async ({ page }) => {
  const id = await site.start("Greet", "Ada", { id: "exported" });
  await site.end(id);
  await page.goto(`${site.url}/instances/${id}`);
  await page.getByRole("button", { name: "More" }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "Export the history (JSON)" }).click(),
  ]);
  const path = await download.path();
  expect(JSON.parse(await readFile(path, "utf8"))).toBeTruthy();

  await page.goto(`${site.url}/history-file`);
  await page.getByLabel("Drop an exported history here").setInputFiles({
    name: "broken.json",
    mimeType: "application/json",
    buffer: Buffer.from("{"),
  });
  await expect(page.getByRole("alert")).toContainText("broken.json");
  await page.getByLabel("Drop an exported history here").setInputFiles(path);
  await expect(page.getByText("Greet").first()).toBeVisible();
  await page.getByRole("tab", { name: "History" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("SayHello");
  await page.getByRole("tab", { name: "Graph" }).click();
  await expect(page.locator(".react-flow__node").filter({ hasText: "SayHello" })).toBeVisible();
  await page.getByRole("tab", { name: "Input and output" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("Hello, Ada!");
});

test("children are a tree", async ({ page }) => {
  const id = await site.start("Parent", null, { id: "family" });
  await site.end(id);
  await page.goto(`${site.url}/instances/${id}?tab=children`);
  await expect(page.getByRole("tabpanel").getByRole("link")).toHaveCount(3);
});

test("every view of an instance keeps nobody out, light and dark", async ({ page }) => {
  const failed = await site.start("Fails", "refused", { id: "views-failed" });
  await site.end(failed);
  const waiting = await site.start("Waits", 1, { id: "views-waiting" });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const tab of ["graph", "timeline", "history", "data", "logs", "children"]) {
      await page.goto(`${site.url}/instances/${failed}?tab=${tab}`);
      await expect(page.getByRole("tabpanel")).toBeVisible();
      await page.waitForLoadState("load");
      await accessible(page);
    }
    await page.goto(`${site.url}/instances/${waiting}`);
    await expect(page.getByRole("region", { name: "Why it waits" })).toBeVisible();
    await accessible(page);
    await choose(page, "Raise event");
    await accessible(page);
  }
});
