import { expect, it } from "vitest";
import type { HistoryEvent } from "../../api/client";
import { endOf, outcomeOf, stepsOf } from "./steps";

type Facts = Partial<HistoryEvent> & { type: string };

function history(...facts: Facts[]): HistoryEvent[] {
  return facts.map((fact, index) => ({ index, id: -1, timestamp: `2026-03-01T12:00:${10 + index}Z`, ...fact }));
}

it("joins beginnings and ends, and says what followed from what", () => {
  const steps = stepsOf(
    history(
      { type: "OrchestratorStarted" },
      { type: "TaskScheduled", id: 0, name: "Reserve" },
      { type: "TaskScheduled", id: 1, name: "Pay" },
      { type: "OrchestratorStarted" },
      { type: "TaskCompleted", taskId: 0 },
      { type: "OrchestratorStarted" },
      { type: "TaskFailed", taskId: 1 },
      { type: "TimerCreated", id: 2 },
    ),
  );
  expect(steps.map((step) => ({ name: step.name, outcome: outcomeOf(step), causes: step.causes }))).toEqual([
    { name: "Reserve", outcome: "done", causes: [] },
    { name: "Pay", outcome: "failed", causes: [] },
    { name: "timer", outcome: "open", causes: [1, 2] },
  ]);
});

it("leaves out what a rewind took back", () => {
  const steps = stepsOf(
    history(
      { type: "OrchestratorStarted" },
      { type: "TaskScheduled", id: 0, name: "Pay" },
      { type: "TaskFailed", taskId: 0 },
      { type: "ExecutionCompleted" },
      { type: "ExecutionRewound", cut: 3, dropped: [1, 2] },
      { type: "OrchestratorStarted" },
      { type: "TaskScheduled", id: 0, name: "Pay" },
    ),
  );
  expect(steps).toMatchObject([{ index: 6, attempts: [{ outcome: "open" }] }]);
});

it("counts what is scheduled again after a timer as an attempt", () => {
  const steps = stepsOf(
    history(
      { type: "OrchestratorStarted" },
      { type: "TaskScheduled", id: 0, name: "Pay", input: { amount: 7 } },
      { type: "TaskScheduled", id: 1, name: "Pay", input: { amount: 8 } },
      { type: "OrchestratorStarted" },
      { type: "TaskFailed", taskId: 0 },
      { type: "TimerCreated", id: 2 },
      { type: "OrchestratorStarted" },
      { type: "TimerFired", timerId: 2 },
      { type: "TaskScheduled", id: 3, name: "Pay", input: { amount: 7 } },
      { type: "OrchestratorStarted" },
      { type: "TaskCompleted", taskId: 3 },
      { type: "TaskScheduled", id: 4, name: "Ship" },
    ),
  );
  expect(steps.map(({ name, attempts, causes }) => [name, attempts.map(({ outcome }) => outcome), causes])).toEqual([
    ["Pay", ["failed", "done"], []],
    ["Pay", ["open"], []],
    ["Ship", ["open"], [1]],
  ]);
});

it("keeps a timer after a failure that nothing is tried again after", () => {
  const steps = stepsOf(
    history(
      { type: "OrchestratorStarted" },
      { type: "TaskScheduled", id: 0, name: "Pay" },
      { type: "OrchestratorStarted" },
      { type: "TaskFailed", taskId: 0 },
      { type: "TimerCreated", id: 1 },
      { type: "OrchestratorStarted" },
      { type: "TimerFired", timerId: 1 },
      { type: "TaskScheduled", id: 2, name: "Refund" },
    ),
  );
  expect(steps.map(({ name, causes }) => [name, causes])).toEqual([
    ["Pay", []],
    ["timer", [1]],
    ["Refund", [4]],
  ]);
});

it("knows what was cancelled, and sub-orchestrations", () => {
  const steps = stepsOf(
    history(
      { type: "OrchestratorStarted" },
      { type: "TimerCreated", id: 0 },
      { type: "SubOrchestrationCreated", id: 1, name: "Child", instanceId: "c" },
      { type: "SubOrchestrationFailed", taskId: 1 },
      { type: "OperationCanceled", id: 2, taskId: 0 },
    ),
  );
  expect(steps.map((step) => [step.name, outcomeOf(step), endOf(step) !== undefined])).toEqual([
    ["timer", "cancelled", true],
    ["Child", "failed", true],
  ]);
});
