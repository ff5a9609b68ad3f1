import { expect, test } from "./pages.ts";
import { fixture, type Site } from "./servers.ts";

/** Whatever users name, send or fail with must stay text. */
const HOSTILE = `"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}\u202Eevil\u0000`;
const ID = "<img src=x onerror=alert(3)>";

let site: Site;
test.beforeAll(async () => {
  site = await fixture();
  const tags = { [HOSTILE.slice(0, 40)]: HOSTILE };
  await site.start("Waits", { [HOSTILE]: HOSTILE }, { id: ID, tags });
  await site.end(await site.start("Fails", HOSTILE, { id: "hostile-failure" }));
  await site.api("POST", `/api/v1/entities/Counter/${encodeURIComponent(ID)}/signals/add`, 1);
  await site.start("Greet", `\u001b[31m${HOSTILE}`, { id: "hostile-input" });
});
test.afterAll(async () => await site.stop());

test("hostile names, inputs and errors are text everywhere", async ({ page }) => {
  const id = encodeURIComponent(ID);
  const views = ["graph", "timeline", "history", "data", "logs", "children"];
  const paths = [
    "/",
    "/instances",
    `/instances?q=${id}`,
    `/instances?q=${encodeURIComponent(`tag:a=${HOSTILE}`)}`,
    ...views.map((tab) => `/instances/${id}?tab=${tab}`),
    ...views.map((tab) => `/instances/hostile-failure?tab=${tab}`),
    "/instances/hostile-input?tab=data",
    "/workflows/Waits",
    `/workflows/${id}`,
    `/functions/${id}`,
    "/entities",
    `/entities/Counter/${id}`,
    `/nothing/${id}`,
  ];
  for (const path of paths) {
    await page.goto(site.url + path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await page.waitForTimeout(150); // for what comes after the heading
    expect(await page.locator("img[src=x], main script").count(), path).toBe(0);
  }
  await page.goto(`${site.url}/instances/hostile-failure`);
  await expect(page.getByRole("region", { name: "Why it failed" })).toContainText("<script>alert(2)</script>");
});

test("a payload of megabytes does not freeze the page", async ({ page }) => {
  const input = { rows: Array.from({ length: 40_000 }, (_, number) => ({ number, text: "x".repeat(60) })) };
  await site.start("Waits", input, { id: "large" });
  await page.goto(`${site.url}/instances/large?tab=data`);
  await expect(page.getByRole("tabpanel")).toContainText("Input");
  const began = Date.now();
  await page.getByRole("tab", { name: "History" }).click();
  await expect(page.getByRole("tabpanel")).toContainText("ExecutionStarted");
  expect(Date.now() - began).toBeLessThan(5_000);
});
