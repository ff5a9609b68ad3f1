import { expect, it } from "vitest";
import { instanceOf, parseHistory } from "./historyFile";

const AT = "2026-03-01T12:00:00Z";
const EVENTS = [
  {
    index: 0,
    id: -1,
    timestamp: AT,
    type: "ExecutionStarted",
    name: "Order",
    input: 7,
    executionId: "e",
    tags: { a: "b" },
  },
  { index: 1, id: -1, timestamp: AT, type: "ExecutionCompleted", failure: { errorType: "E", message: "m" } },
];

it("reads both formats of the export", () => {
  expect(parseHistory(JSON.stringify(EVENTS))).toEqual(EVENTS);
  expect(parseHistory(`${EVENTS.map((event) => JSON.stringify(event)).join("\n")}\n`)).toEqual(EVENTS);
});

it.each([
  ["[]", "no events"],
  ["", "no events"],
  ['[{"a":', "not whole, or not JSON"],
  ["hello", "Line 1 is not JSON"],
  ['[{"type":"X"}]', "Entry 1 is no event"],
  ["[null]", "Entry 1 is no event"],
  ['{"version":1}', "Entry 1 is no event"],
])("says what is wrong with a file: %s", (text, problem) => {
  expect(() => parseHistory(text)).toThrow(problem);
});

it("says of the instance what the history says", () => {
  const events = parseHistory(JSON.stringify(EVENTS));
  expect(instanceOf(events, "order-1.history.json")).toMatchObject({
    id: "order-1",
    name: "Order",
    status: "Failed",
    input: 7,
    completedAt: AT,
    tags: { a: "b" },
  });
});

it("goes on after a rewind", () => {
  const rewound = [...EVENTS, { index: 2, id: -1, timestamp: AT, type: "ExecutionRewound", cut: 1, dropped: [] }];
  expect(instanceOf(parseHistory(JSON.stringify(rewound)), "x")).toMatchObject({
    status: "Running",
    completedAt: null,
  });
});
