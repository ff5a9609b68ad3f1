import { expect, it } from "vitest";
import type { HistoryEvent } from "../../api/client";
import { matches } from "./events";

const EVENT: HistoryEvent = {
  index: 12,
  id: -1,
  timestamp: "2026-03-01T12:00:00Z",
  type: "TaskFailed",
  taskId: 3,
  reason: { shop: "Berlin" },
  failure: { errorType: "Refused", message: "no money", nonRetriable: false },
};

it.each([
  ["", undefined, true],
  ["TASKF", undefined, true],
  ["money", "failures", true],
  ["12", "calls", true],
  ["", "timers", false],
  ["berlin", undefined, true],
  ["lamp", undefined, false],
] as const)("finds by text and kind", (find, kind, found) => {
  expect(matches(EVENT, find, kind)).toBe(found);
});
