import { expect, type Page, test } from "@playwright/test";
import { fixture } from "./servers.ts";

/** Times between the frames that were drawn while something was done, in milliseconds. */
async function frames(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(window, { seen });
    const note = (at: number) => {
      seen.push(at);
      requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
  await work();
  const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen);
  return seen.slice(1).map((at, index) => at - (seen[index] ?? at)).sort((a, b) => a - b);
}

function told(name: string, times: number[]): void {
  const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(0);
  console.log(`${name}: ${times.length} frames, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`);
}

async function wheel(page: Page, name: string, label: string): Promise<void> {
  const box = await page.getByRole("tabpanel").boundingBox();
  await page.mouse.move((box?.x ?? 0) + 300, (box?.y ?? 0) + 300);
  const times = await frames(page, async () => {
    for (let turn = 0; turn < 60; turn++) {
      await page.mouse.wheel(0, 700);
      await page.waitForTimeout(30);
    }
  });
  told(`${name}, ${label}`, times);
}

test("a history of 20,000 events", async ({ page }) => {
  const site = await fixture();
  try {
    const id = await site.start("Long", { rounds: 100, calls: 100 }, { id: "long" });
    await site.end(id);
    const { historyEvents } = await site.api("GET", `/api/v1/instances/${id}`);
    console.log(`the instance has ${historyEvents} events`);
    await page.goto(`${site.url}/about`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    const opened: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const began = Date.now();
      await page.goto(`${site.url}/instances/${id}?tab=history`);
      await expect(page.getByRole("tabpanel")).toContainText("TaskScheduled");
      opened.push(Date.now() - began);
    }
    console.log(`its history is shown after ${opened.join(", ")} ms`);
    await wheel(page, "history", "scrolling");
    await page.goto(`${site.url}/instances/${id}?tab=timeline`);
    await expect(page.getByRole("tabpanel")).toContainText("SayHello");
    await page.waitForTimeout(4_000);
    await wheel(page, "timeline of 10,000 calls", "scrolling");
  } finally {
    await site.stop();
  }
});
