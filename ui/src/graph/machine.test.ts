import { expect, it } from "vitest";
import { readDefinition } from "../lib/asl";
import { figuresText, lookOf, withFigures } from "./figures";
import { layoutMachine } from "./machine";

const MACHINE = {
  StartAt: "Both",
  States: {
    Both: {
      Type: "Parallel",
      Branches: [
        { StartAt: "A", States: { A: { Type: "Pass", Next: "B" }, B: { Type: "Pass", End: true } } },
        { StartAt: "C", States: { C: { Type: "Pass", End: true } } },
      ],
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "Sorry" }],
      End: true,
    },
    Sorry: { Type: "Fail" },
  },
};
const AT = "2026-03-01T12:00:00Z";
const COUNTS = { entered: 1, running: 0, succeeded: 1, failed: 0, caught: 0, aborted: 0, retries: 0 };
const FIGURES = { ...COUNTS, next: {}, firstEnteredAt: AT, lastEnteredAt: AT };

it("lays branches out within their state, beside each other", () => {
  const { nodes, edges } = layoutMachine(readDefinition(MACHINE));
  const node = (id: string) => nodes.find((each) => each.id === id) ?? expect.fail(id);
  const group = node("/States/Both");
  const [a, c] = [node("/States/Both/Branches/0/States/A"), node("/States/Both/Branches/1/States/C")];
  for (const inner of [a, c]) {
    expect(inner.x).toBeGreaterThanOrEqual(group.x);
    expect(inner.x + inner.width).toBeLessThanOrEqual(group.x + group.width);
    expect(inner.y + inner.height).toBeLessThanOrEqual(group.y + group.height);
  }
  expect(c.x).toBeGreaterThanOrEqual(a.x + a.width);
  expect(edges.find(({ to }) => to === "/States/Sorry")).toMatchObject({ dashed: true, label: "any error" });
});

it("is laid out even when states lead to themselves or to nothing", () => {
  const odd = { StartAt: "X", States: { X: { Type: "Choice", Choices: [{ Next: "X" }], Default: "Y" }, Y: {} } };
  expect(layoutMachine(readDefinition(odd)).nodes.map(({ id }) => id)).toEqual(["#start", "/States/X", "/States/Y"]);
});

it("tells what was entered from what was not", () => {
  const drawing = withFigures(layoutMachine(readDefinition(MACHINE)), { "/States/Both": { ...FIGURES, seconds: 2 } });
  const looks = drawing.nodes.filter(({ shape }) => shape !== "mark" && shape !== "label");
  expect(looks.map(({ title, look, muted }) => [title, look, muted])).toEqual([
    ["Both", "succeeded", false],
    ["A", "idle", true],
    ["B", "idle", true],
    ["C", "idle", true],
    ["Sorry", "idle", true],
  ]);
  expect(drawing.edges.map(({ from, to, emphasis }) => [from, to, emphasis])).toContainEqual([
    "#start",
    "/States/Both",
    "taken",
  ]);
});

it.each([
  [{ ...FIGURES, seconds: 0.25, retries: 2 }, "succeeded", "250 ms · 3 tries"],
  [{ ...FIGURES, entered: 30, running: 2, succeeded: 25, failed: 3 }, "running", "2 running · 25 ok · 3 failed"],
  [{ ...FIGURES, succeeded: 0, caught: 1 }, "caught", ""],
])("says how a state stands", (figures, look, text) => {
  expect([lookOf(figures), figuresText(figures)]).toEqual([look, text]);
});
