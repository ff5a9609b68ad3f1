import { queryOptions } from "@tanstack/react-query";
import {
  type BackfillReport,
  type DefinitionProblem,
  type FunctionDetail,
  type FunctionSummary,
  type Invocation,
  pending,
  type Schedule,
  type Series,
  type SeriesOf,
  type Store,
  type StoreCheck,
  type Trigger,
  type Workflow,
  type WorkflowSummary,
} from "./pending";

/** What the server offers: definitions, functions, schedules, the store, and the figures of each. */

const REFRESH_MS = 4000;
/** Steps of the series are ten seconds long. */
const SERIES_MS = 10_000;

export type Span = "hour" | "day";

export function seriesQuery(of: SeriesOf, span: Span) {
  return queryOptions({
    queryKey: ["series", of, span],
    queryFn: ({ signal }) => pending.get<Series>("/api/v1/series", { params: { query: { ...of, span } }, signal }),
    refetchInterval: SERIES_MS,
  });
}

export function workflowsQuery() {
  return queryOptions({
    queryKey: ["workflows"],
    queryFn: ({ signal }) => pending.get<{ workflows: WorkflowSummary[] }>("/api/v1/workflows", { signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function workflowQuery(name: string) {
  return queryOptions({
    queryKey: ["workflows", name],
    queryFn: ({ signal }) => pending.get<Workflow>("/api/v1/workflows/{name}", { params: { path: { name } }, signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function triggersQuery() {
  return queryOptions({
    queryKey: ["triggers"],
    queryFn: ({ signal }) => pending.get<{ triggers: Trigger[] }>("/api/v1/triggers", { signal }),
  });
}

export function checkDefinition(name: string, text: string, format: "json" | "yaml", signal?: AbortSignal) {
  return pending.post<{ problems: DefinitionProblem[] }>("/api/v1/definitions/check", {
    body: { name, text, format },
    ...(signal && { signal }),
  });
}

export function saveDefinition(name: string, text: string, revision: string) {
  return pending.put<{ revision: string; problems: DefinitionProblem[] }>("/api/v1/workflows/{name}/definition", {
    params: { path: { name } },
    body: { text, revision },
  });
}

export function functionsQuery() {
  return queryOptions({
    queryKey: ["functions"],
    queryFn: ({ signal }) => pending.get<{ functions: FunctionSummary[] }>("/api/v1/functions", { signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function functionQuery(name: string) {
  return queryOptions({
    queryKey: ["functions", name, "detail"],
    queryFn: ({ signal }) =>
      pending.get<FunctionDetail>("/api/v1/functions/{name}", { params: { path: { name } }, signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function invokeFunction(name: string, payload: unknown, timeoutSeconds: number | undefined) {
  return pending.post<Invocation>("/api/v1/functions/{name}/invoke", {
    params: { path: { name } },
    body: { payload: payload ?? null, ...(timeoutSeconds !== undefined && { timeoutSeconds }) },
  });
}

export function schedulesQuery() {
  return queryOptions({
    queryKey: ["schedules"],
    queryFn: ({ signal }) => pending.get<{ schedules: Schedule[] }>("/api/v1/schedules", { signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function scheduleQuery(name: string) {
  return queryOptions({
    queryKey: ["schedules", name],
    queryFn: ({ signal }) => pending.get<Schedule>("/api/v1/schedules/{name}", { params: { path: { name } }, signal }),
    refetchInterval: REFRESH_MS,
  });
}

export function pauseSchedule(name: string, paused: boolean) {
  const path = paused ? "/api/v1/schedules/{name}/pause" : "/api/v1/schedules/{name}/resume";
  return pending.post<unknown>(path, { params: { path: { name } } });
}

export function runSchedule(name: string) {
  return pending.post<{ instance: string }>("/api/v1/schedules/{name}/run", { params: { path: { name } } });
}

export function backfillSchedule(name: string, range: { from: string; to: string }, dryRun: boolean) {
  return pending.post<BackfillReport>("/api/v1/schedules/{name}/backfill", {
    params: { path: { name } },
    body: { ...range, dryRun },
  });
}

export function storeQuery() {
  return queryOptions({
    queryKey: ["store"],
    queryFn: ({ signal }) => pending.get<Store>("/api/v1/store", { signal }),
    refetchInterval: SERIES_MS,
  });
}

export function checkStore() {
  return pending.post<StoreCheck>("/api/v1/store/check");
}
