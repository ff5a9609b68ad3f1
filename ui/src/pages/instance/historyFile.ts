import type { HistoryEvent, InstanceDetail, Status } from "../../api/client";

/** Larger files would freeze the tab. */
export const MAX_FILE_BYTES = 200 * 1024 * 1024;

/** The events of an exported history: a JSON array, or a line for each event. The error says what is wrong. */
export function parseHistory(text: string): HistoryEvent[] {
  const events = text.trimStart().startsWith("[") ? parseArray(text) : parseLines(text);
  if (events.length === 0) throw new Error("The file has no events.");
  return events.map(checked);
}

function parseArray(text: string): unknown[] {
  try {
    return JSON.parse(text) as unknown[];
  } catch (error) {
    throw new Error(`The file is not whole, or not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function parseLines(text: string): unknown[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as unknown];
    } catch {
      throw new Error(
        `Line ${index + 1} is not JSON. A history is exported as one JSON array or as a line for each event.`,
      );
    }
  });
}

function checked(value: unknown, index: number): HistoryEvent {
  const event = value as Partial<HistoryEvent> | null;
  const known = typeof event === "object" && event !== null;
  if (!known || typeof event.type !== "string" || Number.isNaN(Date.parse(event.timestamp ?? ""))) {
    throw new Error(`Entry ${index + 1} is no event of a history: it has no type or no time.`);
  }
  return { ...event, index, id: typeof event.id === "number" ? event.id : -1 } as HistoryEvent;
}

/** What a history says of its instance. */
export function instanceOf(events: readonly HistoryEvent[], fileName: string): InstanceDetail {
  const started = events.find(({ type }) => type === "ExecutionStarted");
  const end = ending(events);
  const [first, last] = [events[0], events.at(-1)];
  return {
    id: fileName.replace(/(\.history)?\.jsonl?$/, ""),
    name: started?.name ?? "unknown",
    version: started?.version ?? null,
    status: statusOf(events, end),
    createdAt: started?.timestamp ?? first?.timestamp ?? "",
    updatedAt: last?.timestamp ?? "",
    completedAt: end?.timestamp ?? null,
    scheduledAt: started?.scheduledAt ?? null,
    input: started?.input ?? null,
    output: end?.output ?? end?.result ?? null,
    failure: end?.failure ?? null,
    customStatus: null,
    tags: started?.tags ?? {},
    parent: started?.parent ?? null,
    executionId: started?.executionId ?? null,
    generation: 0,
    historyEvents: events.length,
    setAside: null,
  };
}

/** The last end that no rewind took back. */
function ending(events: readonly HistoryEvent[]): HistoryEvent | undefined {
  const rewound = events.findLastIndex(({ type }) => type === "ExecutionRewound");
  return events.findLast(
    ({ type }, index) => index > rewound && (type === "ExecutionCompleted" || type === "ExecutionTerminated"),
  );
}

function statusOf(events: readonly HistoryEvent[], end: HistoryEvent | undefined): Status {
  if (end?.type === "ExecutionTerminated") return "Terminated";
  if (end) return end.status ?? (end.failure ? "Failed" : "Completed");
  const last = events.findLast(({ type }) => type === "ExecutionSuspended" || type === "ExecutionResumed");
  return last?.type === "ExecutionSuspended" ? "Suspended" : "Running";
}
