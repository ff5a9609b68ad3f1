import { expect, it } from "vitest";
import { isQuiet, rates, shortNumber, shortSeconds } from "./series";

const STEPS = { at: [10, 20], stepSeconds: 10 };

it("makes rates for a second when there is much, for a minute when there is little", () => {
  const busy = rates({ ...STEPS, series: { started: [50, null] } }, ["started"]);
  expect([busy.unit, busy.of("started")]).toEqual(["/s", [5, null]]);
  const calm = rates({ ...STEPS, series: { started: [1, 0] } }, ["started", "failed"]);
  expect([calm.unit, calm.of("started"), calm.of("failed")]).toEqual(["/min", [6, 0], []]);
});

it.each([
  [0, "0"],
  [0.25, "0.25"],
  [1234, "1.23k"],
  [56_000_000, "56M"],
])("writes %d shortly", (value, text) => expect(shortNumber(value)).toBe(text));

it.each([
  [0.012, "12 ms"],
  [2.5, "2.5 s"],
  [600, "10 min"],
])("writes %d seconds shortly", (value, text) => expect(shortSeconds(value)).toBe(text));

it("knows that nothing happened", () => {
  expect(isQuiet({ ...STEPS, series: { started: [0, null] } }, ["started"])).toBe(true);
  expect(isQuiet({ ...STEPS, series: { started: [0, 1] } }, ["started"])).toBe(false);
});
