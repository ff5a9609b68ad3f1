import { expect, it } from "vitest";
import { allStates, conditionText, readDefinition } from "./asl";

const MACHINE = {
  StartAt: "A/b",
  States: {
    "A/b": {
      Type: "Choice",
      Choices: [
        { Variable: "$.x", NumericGreaterThanEquals: 3, Next: "P" },
        { Variable: "$.y", IsPresent: true, Next: "P" },
      ],
      Default: "F",
    },
    P: {
      Type: "Parallel",
      Branches: [{ StartAt: "One", States: { One: { Type: "Pass", End: true } } }],
      Catch: [{ ErrorEquals: ["States.ALL"], Next: "F" }],
      Next: "Nowhere",
    },
    F: { Type: "Fail", Error: "Bad" },
  },
};

it("reads states of branches with their pointers", () => {
  expect(allStates(readDefinition(MACHINE)).map(({ path, ends }) => [path, ends])).toEqual([
    ["/States/A~1b", false],
    ["/States/P", false],
    ["/States/P/Branches/0/States/One", true],
    ["/States/F", true],
  ]);
});

it("reads what leads where, and leaves out what is not there", () => {
  const { start, edges } = readDefinition(MACHINE);
  expect(start).toBe("/States/A~1b");
  expect(edges).toEqual([
    { from: "/States/A~1b", to: "/States/P", kind: "choice", label: "x ≥ 3 or y is present" },
    { from: "/States/A~1b", to: "/States/F", kind: "default", label: "otherwise" },
    { from: "/States/P", to: "/States/F", kind: "catch", label: "any error" },
  ]);
});

it.each([
  [
    { And: [{ Variable: "$.a", StringEquals: "x" }, { Not: { Variable: "$.b", BooleanEquals: true } }] },
    "a = x and not (b = true)",
  ],
  [{ Condition: "{% $n > 1 %}" }, "$n > 1"],
  [{ Variable: "$.t", TimestampLessThanPath: "$.u" }, "t < $.u"],
  [{ Variable: "$.t", IsNull: false }, "t is not null"],
])("says conditions in short", (rule, short) => {
  expect(conditionText(rule)).toBe(short);
});

it.each([
  undefined,
  null,
  "text",
  [],
  {},
  { States: [] },
  { States: { A: null, B: { Type: 7, Choices: "x", Branches: 3 } } },
  { StartAt: "A", States: { A: { Type: "Parallel", Branches: [null, 1, {}] }, M: { Type: "Map", Iterator: {} } } },
])("takes what is unfinished", (definition) => {
  expect(() => readDefinition(definition)).not.toThrow();
});
