import type { InstanceSummary } from "../api/client";
import { readableFailure } from "./failure";

export interface FailureGroup {
  workflow: string;
  errorType: string;
  /** Of the last one. */
  message: string;
  count: number;
  /** When the last one ended. */
  last: string;
  lastId: string;
}

/** Failed instances, the last first, by workflow and error: messages that differ in numbers and ids alone are one. */
export function groupFailures(instances: readonly InstanceSummary[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const { id, name, failure, completedAt, updatedAt } of instances) {
    const { errorType, message } = failure ? readableFailure(failure) : { errorType: "", message: "" };
    const key = [name, errorType, withoutIds(message)].join("\n");
    const group = groups.get(key);
    if (group) group.count += 1;
    else groups.set(key, { workflow: name, errorType, message, count: 1, last: completedAt ?? updatedAt, lastId: id });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

function withoutIds(message: string): string {
  return message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d+/gi, "#");
}
