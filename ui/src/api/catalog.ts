import { queryOptions } from "@tanstack/react-query";
import { api, type FunctionSummary, unwrap } from "./client";
import { HEAVY, LIGHT, SLOW } from "./queries";

/** What the server offers: definitions, functions, schedules, the store, and the figures of each. */

/** Latencies and rates of functions are of the last minute: they go on changing after the last call. */
const FIGURES = { ...LIGHT, settlesMs: 60_000 };
/** A function is being built: nothing changes that a stream would tell of. */
const BUILDING_MS = 2000;

export type Span = "hour" | "day";
/** How long a step of a series is. */
const STEP_MS: Record<Span, number> = { hour: 10_000, day: 240_000 };

export type SeriesOf = { workflow?: string; function?: string };

export function seriesQuery(of: SeriesOf, span: Span) {
  return queryOptions({
    queryKey: ["series", of, span],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/series", { params: { query: { ...of, span } }, signal })),
    refetchInterval: STEP_MS[span],
  });
}

export function workflowsQuery() {
  return queryOptions({
    queryKey: ["workflows"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/workflows", { signal })),
    meta: HEAVY,
  });
}

export function workflowQuery(name: string) {
  return queryOptions({
    queryKey: ["workflows", name],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/workflows/{name}", { params: { path: { name } }, signal })),
    meta: HEAVY,
  });
}

export function checkDefinition(name: string, text: string, format: "json" | "yaml", signal: AbortSignal) {
  return unwrap(api.POST("/api/v1/definitions/check", { body: { name, text, format }, signal }));
}

export function saveDefinition(name: string, text: string, revision: string) {
  const params = { path: { name } };
  return unwrap(api.PUT("/api/v1/workflows/{name}/definition", { params, body: { text, revision } }));
}

function isBuilt({ host }: FunctionSummary): boolean {
  return host?.state === "building";
}

export function functionsQuery() {
  return queryOptions({
    queryKey: ["functions"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/functions", { signal })),
    refetchInterval: ({ state }) => state.data?.functions.some(isBuilt) && BUILDING_MS,
    meta: FIGURES,
  });
}

export function functionQuery(name: string) {
  return queryOptions({
    queryKey: ["functions", name, "detail"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/functions/{name}", { params: { path: { name } }, signal })),
    refetchInterval: ({ state }) => state.data && isBuilt(state.data) && BUILDING_MS,
    meta: FIGURES,
  });
}

export function invokeFunction(name: string, payload: unknown, timeoutSeconds: number | undefined) {
  const body = { payload: (payload ?? null) as never, ...(timeoutSeconds !== undefined && { timeoutSeconds }) };
  return unwrap(api.POST("/api/v1/functions/{name}/invoke", { params: { path: { name } }, body }));
}

export function schedulesQuery() {
  return queryOptions({
    queryKey: ["schedules"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/schedules", { signal })),
    meta: LIGHT,
  });
}

export function scheduleQuery(name: string) {
  return queryOptions({
    queryKey: ["schedules", name],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/schedules/{name}", { params: { path: { name } }, signal })),
    meta: LIGHT,
  });
}

export function pauseSchedule(name: string, paused: boolean) {
  const params = { path: { name } };
  return unwrap(
    paused
      ? api.POST("/api/v1/schedules/{name}/pause", { params })
      : api.POST("/api/v1/schedules/{name}/resume", { params }),
  );
}

export function runSchedule(name: string) {
  return unwrap(api.POST("/api/v1/schedules/{name}/run", { params: { path: { name } } }));
}

export function backfillSchedule(name: string, range: { from: string; to: string }, dryRun: boolean) {
  const params = { path: { name } };
  return unwrap(api.POST("/api/v1/schedules/{name}/backfill", { params, body: { ...range, dryRun } }));
}

export function storeQuery() {
  return queryOptions({
    queryKey: ["store"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/store", { signal })),
    meta: SLOW,
  });
}

export function checkStore() {
  return unwrap(api.POST("/api/v1/store/check"));
}

export function configurationQuery() {
  return queryOptions({
    queryKey: ["configuration"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/configuration", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
