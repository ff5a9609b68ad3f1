import { queryOptions } from "@tanstack/react-query";
import { ApiError, type Status } from "./client";
import { withHub } from "./hub";
import { instanceKey } from "./queries";

/** How a state machine's run stands, state by state. */

export interface StateFigures {
  entered: number;
  running: number;
  succeeded: number;
  failed: number;
  caught: number;
  retries: number;
  firstEnteredAt?: string;
  lastEnteredAt?: string;
  lastExitedAt?: string;
  /** Of the last visit. */
  seconds?: number;
  /** How often each next state was taken, by its pointer. */
  next: Record<string, number>;
  error?: { error: string; cause?: string };
}

export interface StateVisit {
  /** Pointer of the state in the definition. */
  path: string;
  name: string;
  enteredAt: string;
  exitedAt?: string;
  status: "running" | "succeeded" | "failed" | "caught" | "aborted";
  attempts: number;
  error?: string;
  cause?: string;
  input?: unknown;
  output?: unknown;
  truncated?: boolean;
  iteration?: number;
}

export interface Execution {
  definition: Record<string, unknown>;
  revision: string;
  states: Record<string, StateFigures>;
  visits: StateVisit[];
  moreVisits: boolean;
  status: Status;
  error?: string;
  cause?: string;
}

async function fetchExecution(id: string, signal: AbortSignal): Promise<Execution | null> {
  const response = await fetch(withHub(`/api/v1/instances/${encodeURIComponent(id)}/execution`), { signal });
  if (response.status === 404) return null;
  const answer = await response.json();
  if (!response.ok) throw new ApiError(answer);
  return answer as Execution;
}

/** Null for what is no state machine. */
export function executionQuery(id: string) {
  return queryOptions({
    queryKey: [...instanceKey(id), "execution"],
    queryFn: ({ signal }) => fetchExecution(id, signal),
  });
}
