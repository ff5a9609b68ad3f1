import { queryOptions } from "@tanstack/react-query";
import { api, unwrap } from "./client";

/** What the server offers: definitions, functions, schedules, the store, and the figures of each. */

const REFRESH_MS = 4000;
/** Steps of the series are ten seconds long. */
const SERIES_MS = 10_000;

export type Span = "hour" | "day";

export type SeriesOf = { workflow?: string; function?: string };

export function seriesQuery(of: SeriesOf, span: Span) {
  return queryOptions({
    queryKey: ["series", of, span],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/series", { params: { query: { ...of, span } }, signal })),
    refetchInterval: SERIES_MS,
  });
}

export function workflowsQuery() {
  return queryOptions({
    queryKey: ["workflows"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/workflows", { signal })),
    refetchInterval: REFRESH_MS,
  });
}

export function workflowQuery(name: string) {
  return queryOptions({
    queryKey: ["workflows", name],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/workflows/{name}", { params: { path: { name } }, signal })),
    refetchInterval: REFRESH_MS,
  });
}

export function checkDefinition(name: string, text: string, format: "json" | "yaml", signal: AbortSignal) {
  return unwrap(api.POST("/api/v1/definitions/check", { body: { name, text, format }, signal }));
}

export function saveDefinition(name: string, text: string, revision: string) {
  const params = { path: { name } };
  return unwrap(api.PUT("/api/v1/workflows/{name}/definition", { params, body: { text, revision } }));
}

export function functionsQuery() {
  return queryOptions({
    queryKey: ["functions"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/functions", { signal })),
    refetchInterval: REFRESH_MS,
  });
}

export function functionQuery(name: string) {
  return queryOptions({
    queryKey: ["functions", name, "detail"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/functions/{name}", { params: { path: { name } }, signal })),
    refetchInterval: REFRESH_MS,
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
    refetchInterval: REFRESH_MS,
  });
}

export function scheduleQuery(name: string) {
  return queryOptions({
    queryKey: ["schedules", name],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/schedules/{name}", { params: { path: { name } }, signal })),
    refetchInterval: REFRESH_MS,
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
    refetchInterval: SERIES_MS,
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
