import { expect, it } from "vitest";
import { clustersOf, MAX_NODES } from "./clusters";
import type { Step } from "./steps";

function step(index: number, name: string, causes: number[] = []): Step {
  const attempt = { index, endIndex: index, start: index, end: index + 1, outcome: "done" as const };
  return { index, kind: "activity", name, attempts: [attempt], instanceId: undefined, due: undefined, causes };
}

const NONE = new Set<string>();

it("draws a fan-out as one, and what follows from it", () => {
  const fan = [1, 2, 3, 4, 5].map((index) => step(index, "Pay", [0]));
  const { clusters } = clustersOf([step(0, "List"), ...fan, step(9, "Sum", [1, 2, 3, 4, 5])], NONE);
  expect(clusters.map(({ id, steps, causes }) => [id, steps.length, [...causes]])).toEqual([
    ["0", 1, []],
    ["many-1", 5, ["0"]],
    ["9", 1, ["many-1"]],
  ]);
});

it("opens a cluster up to a bound", () => {
  const fan = Array.from({ length: 150 }, (_, index) => step(index + 1, "Pay"));
  const { clusters, leftOut } = clustersOf(fan, new Set(["many-1"]));
  expect([clusters.length, clusters.at(-1)?.steps.length, leftOut]).toEqual([61, 90, 0]);
});

it("takes a pool's waves together", () => {
  const waves = Array.from({ length: 2000 }, (_, index) => step(index, "Pay", index < 20 ? [] : [index - 20]));
  const { clusters } = clustersOf(waves, NONE);
  expect(clusters.map(({ steps }) => steps.length)).toEqual([2000]);
});

it("never draws more than the bound, and says what it left out", () => {
  const many = Array.from({ length: 1000 }, (_, index) => step(index, `Step ${index}`, index ? [index - 1] : []));
  const { clusters, leftOut } = clustersOf(many, NONE);
  expect([clusters.length, leftOut]).toEqual([MAX_NODES, 1000 - MAX_NODES]);
});
