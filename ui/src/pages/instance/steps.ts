import type { HistoryEvent } from "../../api/client";

export type StepKind = "activity" | "sub-orchestration" | "timer" | "event" | "entity" | "lock" | "message";
export type Outcome = "open" | "done" | "failed" | "cancelled";

export interface Attempt {
  /** The index of the event that began it. */
  index: number;
  /** The index of the event that ended it. */
  endIndex: number | undefined;
  start: number;
  /** Undefined while it goes on. */
  end: number | undefined;
  outcome: Outcome;
}

/** One thing that an orchestration did or waited for, with all its attempts. */
export interface Step {
  /** The index of the event that began it. */
  index: number;
  kind: StepKind;
  name: string;
  attempts: Attempt[];
  /** The instance that was started, for a sub-orchestration. */
  instanceId: string | undefined;
  /** When a timer is to fire. */
  due: number | undefined;
  /** The steps whose ends led to it, by index; none for what the start led to. */
  causes: readonly number[];
}

const BEGINNINGS: Record<string, StepKind> = {
  TaskScheduled: "activity",
  SubOrchestrationCreated: "sub-orchestration",
  TimerCreated: "timer",
  EntityOperationCalled: "entity",
  EntityLockRequested: "lock",
};

const ENDINGS: Record<string, Outcome> = {
  TaskCompleted: "done",
  TaskFailed: "failed",
  SubOrchestrationCompleted: "done",
  SubOrchestrationFailed: "failed",
  TimerFired: "done",
  EntityOperationCompleted: "done",
  EntityOperationFailed: "failed",
  EntityLockGranted: "done",
  OperationCanceled: "cancelled",
};

/** What is over as soon as it begins. */
const MOMENTS: Record<string, StepKind> = { EventSent: "message", EntityOperationSignaled: "message" };

/** A timer that may be the wait before another attempt of one of the steps that failed when it was created. */
interface Backoff {
  timer: Step;
  failed: readonly Step[];
}

interface Reading {
  steps: Map<number, Step>;
  /** Attempts that have not ended, by the command that began them. */
  open: Map<string, Step>;
  /** The events that began the activities, for their inputs. */
  begun: Map<Step, HistoryEvent>;
  /** Steps that ended since something was last begun. */
  ended: number[];
  /** What the beginnings of this turn follow from, once there is one. */
  turnCauses: readonly number[] | undefined;
  /** What failed in this turn. */
  failedNow: Step[];
  backoffs: Map<Step, Backoff>;
  /** Timers that fired, whose steps may be tried again now. */
  due: Backoff[];
  /** Timers that turned out to be waits between attempts. */
  replaced: Map<number, number>;
}

export function startOf({ attempts }: Step): number {
  return attempts[0]?.start ?? 0;
}

/** When its last attempt ended; undefined while it goes on. */
export function endOf({ attempts }: Step): number | undefined {
  return attempts.at(-1)?.end;
}

export function outcomeOf({ attempts }: Step): Outcome {
  return attempts.at(-1)?.outcome ?? "open";
}

/** Each rewind takes events back; those no longer count. */
function counting(events: readonly HistoryEvent[]): HistoryEvent[] {
  let kept: HistoryEvent[] = [];
  for (const event of events) {
    if (event.cut === undefined) kept.push(event);
    else kept = kept.filter(survives(event.cut, event.dropped ?? []));
  }
  return kept;
}

function survives(cut: number, dropped: readonly number[]): (event: HistoryEvent) => boolean {
  const gone = new Set(dropped);
  return ({ index }) => index < cut && !gone.has(index);
}

/**
 * What happened, in the order in which it began. Everything that a turn begins follows from all that has ended since
 * something was begun before: the history does not say more. An activity that is scheduled again, after a timer that
 * followed its failure, is another attempt of the same step.
 */
export function stepsOf(events: readonly HistoryEvent[]): Step[] {
  const reading: Reading = {
    steps: new Map(),
    open: new Map(),
    begun: new Map(),
    ended: [],
    turnCauses: undefined,
    failedNow: [],
    backoffs: new Map(),
    due: [],
    replaced: new Map(),
  };
  for (const event of counting(events)) read(reading, event);
  return [...reading.steps.values()].map((step) => ({ ...step, causes: settledCauses(step, reading.replaced) }));
}

function settledCauses({ index, causes }: Step, replaced: Map<number, number>): readonly number[] {
  if (replaced.size === 0) return causes;
  const settled = new Set(causes.map((cause) => replaced.get(cause) ?? cause));
  settled.delete(index);
  return [...settled];
}

function read(reading: Reading, event: HistoryEvent): void {
  const { type } = event;
  if (type === "OrchestratorStarted") startTurn(reading);
  else if (type === "EventRaised") addRaised(reading, event);
  else if (BEGINNINGS[type]) begin(reading, event, BEGINNINGS[type]);
  else if (MOMENTS[type]) addMoment(reading, event, MOMENTS[type]);
  else if (ENDINGS[type]) finish(reading, event, ENDINGS[type]);
}

function startTurn(reading: Reading): void {
  reading.turnCauses = undefined;
  reading.failedNow = [];
  reading.due = [];
}

function begin(reading: Reading, event: HistoryEvent, kind: StepKind): void {
  if (kind === "activity" && retry(reading, event)) return;
  const step = newStep(event, kind, turnCauses(reading), undefined);
  reading.steps.set(step.index, step);
  reading.open.set(commandOf(event), step);
  if (kind === "activity") reading.begun.set(step, event);
  if (kind === "timer" && reading.failedNow.length > 0) {
    reading.backoffs.set(step, { timer: step, failed: [...reading.failedNow] });
  }
}

function inputText({ input }: HistoryEvent): string {
  return JSON.stringify(input) ?? "";
}

function turnCauses(reading: Reading): readonly number[] {
  if (!reading.turnCauses) {
    reading.turnCauses = reading.ended;
    reading.ended = [];
  }
  return reading.turnCauses;
}

/** Whether this is the next attempt of a step whose timer has fired in this turn. */
function retry(reading: Reading, event: HistoryEvent): boolean {
  const same = (step: Step) => {
    const begun = reading.begun.get(step);
    if (!begun || outcomeOf(step) !== "failed") return false;
    return begun.name === event.name && inputText(begun) === inputText(event);
  };
  const at = reading.due.findIndex(({ failed }) => failed.some(same));
  const [backoff] = at < 0 ? [] : reading.due.splice(at, 1);
  const failed = backoff?.failed.find(same);
  if (!backoff || !failed) return false;
  const { timer } = backoff;
  failed.attempts.push(newAttempt(event, undefined));
  reading.steps.delete(timer.index);
  reading.replaced.set(timer.index, failed.index);
  reading.ended = reading.ended.filter((index) => index !== timer.index);
  reading.open.set(commandOf(event), failed);
  return true;
}

function finish(reading: Reading, event: HistoryEvent, outcome: Outcome): void {
  const command = answeredBy(event);
  const step = reading.open.get(command);
  const attempt = step?.attempts.at(-1);
  if (!step || !attempt) return;
  attempt.end = Date.parse(event.timestamp);
  attempt.endIndex = event.index;
  attempt.outcome = outcome;
  reading.open.delete(command);
  if (outcome !== "cancelled") reading.ended.push(step.index);
  if (event.type === "TaskFailed") reading.failedNow.push(step);
  const backoff = reading.backoffs.get(step);
  if (backoff && outcome === "done") reading.due.push(backoff);
}

/** An event that was raised is a moment, which leads to what comes next. */
function addRaised(reading: Reading, event: HistoryEvent): void {
  reading.steps.set(event.index, newStep(event, "event", [], Date.parse(event.timestamp)));
  reading.ended.push(event.index);
}

function addMoment(reading: Reading, event: HistoryEvent, kind: StepKind): void {
  reading.steps.set(event.index, newStep(event, kind, turnCauses(reading), Date.parse(event.timestamp)));
}

function newStep(event: HistoryEvent, kind: StepKind, causes: readonly number[], end: number | undefined): Step {
  const name = event.name ?? event.operation ?? event.target ?? event.section ?? kind;
  return {
    index: event.index,
    kind,
    name,
    attempts: [newAttempt(event, end)],
    instanceId: event.instanceId,
    due: event.fireAt === undefined ? undefined : Date.parse(event.fireAt),
    causes,
  };
}

function newAttempt({ index, timestamp }: HistoryEvent, end: number | undefined): Attempt {
  const over = end !== undefined;
  const endIndex = over ? index : undefined;
  return { index, endIndex, start: Date.parse(timestamp), end, outcome: over ? "done" : "open" };
}

function commandOf(event: HistoryEvent): string {
  return event.requestId ?? event.section ?? String(event.id);
}

function answeredBy(event: HistoryEvent): string {
  return event.requestId ?? event.section ?? String(event.taskId ?? event.timerId);
}
