import { expect, it } from "vitest";
import { collapsedScale, panned, plainScale, ticks, tickText, toPart, toTime, WHOLE, zoomed } from "./scale";
import type { Step } from "./steps";

function step(start: number, end: number | undefined, kind: Step["kind"] = "activity"): Step {
  const attempt = { index: start, endIndex: end, start, end, outcome: "done" as const };
  return { index: start, kind, name: "x", attempts: [attempt], instanceId: undefined, due: undefined, causes: [] };
}

it("squeezes time in which all wait, and keeps the rest in proportion", () => {
  const steps = [step(0, 1000), step(1000, 3_600_000, "timer"), step(3_600_000, 3_601_000)];
  const scale = collapsedScale(steps, 0, 3_601_000);
  expect(scale.stretches.map(({ squeezed }) => squeezed)).toEqual([false, true, false]);
  expect(toPart(scale, 500)).toBeCloseTo(0.2427, 3);
  expect(toPart(scale, 3_600_500)).toBeCloseTo(1 - 0.2427, 3);
});

it("goes there and back", () => {
  const scale = collapsedScale([step(0, 1000), step(9000, 9500), step(20_000, undefined)], 0, 21_000);
  for (const time of [0, 400, 5000, 9200, 15_000, 20_100, 21_000]) {
    expect(toTime(scale, toPart(scale, time))).toBeCloseTo(time, 3);
  }
});

it("is whole when nothing happened", () => {
  expect(collapsedScale([], 5, 10)).toMatchObject({ from: 5, to: 10 });
  expect(toPart(collapsedScale([], 5, 10), 10)).toBe(1);
});

it("has ticks at round times", () => {
  expect(ticks(plainScale(1000, 11_000), WHOLE).map(({ label }) => label)).toEqual([
    "0",
    "2 s",
    "4 s",
    "6 s",
    "8 s",
    "10 s",
  ]);
});

it("has ticks on both sides of a squeezed wait, not in it", () => {
  const scale = collapsedScale([step(0, 1000), step(3_600_000, 3_601_000)], 0, 3_601_000);
  expect(ticks(scale, WHOLE).map(({ label }) => label)).toEqual(["0", "500 ms", "1.0 s", "1:00:00.5", "1:00:01.0"]);
});

it.each([
  [61_500, 100, "1:01.5"],
  [3_725_000, 1000, "1:02:05"],
  [12_345, 1, "12.345 s"],
  [7_200_000, 3_600_000, "2 h 0 min"],
])("says times as exactly as is needed", (since, distance, text) => {
  expect(tickText(since, distance)).toBe(text);
});

it("stays within the whole", () => {
  expect(zoomed(WHOLE, 0.5, 0.5)).toEqual({ left: 0.25, right: 0.75 });
  expect(zoomed({ left: 0.25, right: 0.75 }, 4, 0.5)).toEqual(WHOLE);
  expect(panned({ left: 0.5, right: 1 }, 3)).toEqual({ left: 0.5, right: 1 });
});
