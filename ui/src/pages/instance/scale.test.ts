import { expect, it } from "vitest";
import { collapsedScale, panned, plainScale, ticks, toPart, toTime, WHOLE, zoomed } from "./scale";
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
  expect(ticks(plainScale(1000, 11_000), WHOLE).map(({ since }) => since)).toEqual([0, 2000, 4000, 6000, 8000, 10_000]);
});

it("stays within the whole", () => {
  expect(zoomed(WHOLE, 0.5, 0.5)).toEqual({ left: 0.25, right: 0.75 });
  expect(zoomed({ left: 0.25, right: 0.75 }, 4, 0.5)).toEqual(WHOLE);
  expect(panned({ left: 0.5, right: 1 }, 3)).toEqual({ left: 0.5, right: 1 });
});
