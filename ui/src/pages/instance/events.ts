import type { Failure, HistoryEvent } from "../../api/client";
import { readableFailure } from "../../lib/failure";
import { preview } from "../../lib/preview";
import type { EventKindName } from "./view";

/** What an event is about, in a few words. */
export function summary(event: HistoryEvent): string {
  const subject = event.name ?? event.instanceId ?? event.target;
  const origin = event.taskId ?? event.timerId;
  const parts = [
    subject,
    event.operation,
    event.fireAt && `until ${new Date(event.fireAt).toLocaleString()}`,
    event.failure && failureLine(event.failure),
    event.status,
    !subject && origin !== undefined && `answers command ${origin}`,
    event.cut !== undefined && `back to event ${event.cut}`,
  ];
  return parts.filter(Boolean).join(" · ");
}

export function failureLine(failure: Failure): string {
  const { errorType, message } = readableFailure(failure);
  return `${errorType}: ${message}`;
}

export function isFailure({ type, failure }: HistoryEvent): boolean {
  return failure !== undefined || type.endsWith("Failed");
}

export function tone(event: HistoryEvent): string {
  const { type } = event;
  if (type.startsWith("Orchestrator")) return "text-muted";
  if (isFailure(event)) return "text-bad";
  if (type.endsWith("Completed") || type.endsWith("Fired") || type.endsWith("Granted")) return "text-good";
  if (type.endsWith("Scheduled") || type.endsWith("Created") || type.endsWith("Called")) return "text-busy";
  return "";
}

const KINDS: Record<EventKindName, (event: HistoryEvent) => boolean> = {
  calls: ({ type }) => type.startsWith("Task") || type.startsWith("SubOrchestration"),
  timers: ({ type }) => type.startsWith("Timer"),
  messages: ({ type }) => type.startsWith("Event"),
  entities: ({ type }) => type.startsWith("Entity"),
  lifecycle: ({ type }) => type.startsWith("Execution"),
  failures: isFailure,
};

/** What an event carries. */
export function payloadOf({ input, result, output, data, reason }: HistoryEvent): unknown {
  return input ?? result ?? output ?? data ?? reason;
}

/** Of a payload, for finding events by it. */
const SEARCHED_CHARS = 300;
const searchable = new WeakMap<HistoryEvent, string>();

function searchText(event: HistoryEvent): string {
  const known = searchable.get(event);
  if (known !== undefined) return known;
  const parts = [event.index, event.type, summary(event), preview(payloadOf(event), SEARCHED_CHARS)];
  const text = parts.join(" ").toLowerCase();
  searchable.set(event, text);
  return text;
}

/**
 * Whether an event is of the kind, and its number, type, subject, error or the beginning of its payload contains the
 * text, in any case.
 */
export function matches(event: HistoryEvent, find: string, kind: EventKindName | undefined): boolean {
  if (kind && !KINDS[kind](event)) return false;
  return find === "" || searchText(event).includes(find.toLowerCase());
}
