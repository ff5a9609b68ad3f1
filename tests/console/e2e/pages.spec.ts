import { accessible, expect, test, write } from "./pages.ts";
import { fixture, type Site } from "./servers.ts";

let site: Site;
test.beforeAll(async () => {
  site = await fixture();
  for (const name of ["Ada", "Grace"]) {
    await site.end(await site.start("Greet", name));
  }
  await site.end(await site.start("Fails", "refused"));
  await site.api("POST", "/api/v1/entities/Counter/visits/signals/add", 40);
});
test.afterAll(async () => await site.stop());

const PAGES = [
  ["/", "Home"],
  ["/instances", "Instances"],
  ["/workflows", "Workflows"],
  ["/workflows/Greet", "Greet"],
  ["/workflows/Greet?part=start", "Greet"],
  ["/functions", "Functions"],
  ["/functions/SayHello", "SayHello"],
  ["/schedules", "Schedules"],
  ["/schedules/nightly", "nightly"],
  ["/workers", "Workers"],
  ["/entities", "Entities"],
  ["/entities/Counter/visits", "visits"],
  ["/storage", "Storage"],
  ["/about", "About"],
  ["/history-file", "Open a history file"],
  ["/nothing/here", ""],
] as const;

for (const colorScheme of ["light", "dark"] as const) {
  test(`every page says what it is, and keeps nobody out (${colorScheme})`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    for (const [path, heading] of PAGES) {
      await page.goto(site.url + path);
      await expect(page.getByRole("heading", { level: 1 })).toContainText(heading);
      await accessible(page);
    }
  });
}

test("pages come under a policy that lets nothing else in", async ({ page }) => {
  const answer = await page.goto(site.url);
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toMatch(/^default-src 'self';/);
  expect(policy).not.toContain("unsafe");
});

test("the home page follows what happens", async ({ page }) => {
  await page.goto(site.url);
  const running = page.getByRole("link", { name: /Running/ }).first();
  await expect(running).toBeVisible();
  const before = Number.parseInt((await running.textContent())?.replace(/\D/g, "") || "0", 10);
  await site.start("Waits", 1);
  await expect.poll(async () => Number.parseInt((await running.textContent())?.replace(/\D/g, "") || "0", 10)).toBe(before + 1);
});

test("a schedule is paused, resumed, run, and made up for", async ({ page }) => {
  await page.goto(`${site.url}/schedules/nightly`);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  expect((await site.api("GET", "/api/v1/schedules/nightly")).paused).toBe(true);
  await page.getByRole("button", { name: "Resume" }).click();
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.getByRole("button", { name: "Run now" }).click();
  await expect(page).toHaveURL(/schedule-nightly-manual-/);
  await expect(page.getByTestId("status")).toContainText("Completed");
  await page.goto(`${site.url}/schedules/nightly`);
  await page.getByRole("button", { name: "Backfill…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("From").fill("2026-11-01T00:00");
  await dialog.getByLabel("To").fill("2026-11-04T00:00");
  await dialog.getByRole("button", { name: "Show the times" }).click();
  await dialog.getByRole("button", { name: "Start 3" }).click();
  await expect(dialog).toBeHidden();
  expect((await site.api("GET", "/api/v1/counts?tag=partita.schedule%3Dnightly")).total).toBe(4);
});

test("an entity shows its state, and takes a signal", async ({ page }) => {
  await page.goto(`${site.url}/entities/Counter/visits`);
  await expect(page.getByRole("region", { name: "State" })).toContainText("40");
  await page.getByLabel("Operation").fill("add");
  await write(page.getByLabel("Input (JSON)"), "2");
  await page.getByRole("button", { name: "Signal", exact: true }).click();
  await expect.poll(async () => (await site.api("GET", "/api/v1/entities/Counter/visits")).state).toBe(42);
  await expect(page.getByRole("region", { name: "State" })).toContainText("42");
});

test("an instance is started from the form, with JSON, an id and tags", async ({ page }) => {
  await page.goto(`${site.url}/workflows/Greet?part=start`);
  await write(page.getByLabel("Input", { exact: false }).first(), '"Edsger"');
  await page.getByLabel("Id", { exact: true }).fill("by-form");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(page).toHaveURL(/\/instances\/by-form/);
  await expect(page.getByTestId("status")).toContainText("Completed");
});

test("the palette finds pages, workflows and instances", async ({ page }) => {
  await site.start("Waits", 1, { id: "find-me" });
  await page.goto(site.url);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.keyboard.press("Control+k");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toBeVisible();
  await accessible(page);
  await page.keyboard.type("find-me");
  await expect(dialog.getByRole("option", { name: /find-me/ }).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/instances\/find-me/);
});

test("a store is checked from its page", async ({ page }) => {
  await page.goto(`${site.url}/storage`);
  await page.getByRole("button", { name: "Check now" }).click();
  // A store in memory cannot be checked, and says so.
  await expect(page.getByRole("alert")).toContainText("nothing that could be damaged");
});
