import { infiniteQueryOptions, keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import { filterParameters, parseFilter } from "../lib/filter";
import { ApiError, api, type InstanceDetail, unwrap } from "./client";
import { later } from "./later";

/** What is cheap to ask may be asked again this often while things change, and what is not, that often. */
export const LIGHT = { freshMs: 2000 };
export const HEAVY = { freshMs: 5000 };
/** Of what hardly ever changes. */
export const SLOW = { freshMs: 10_000 };
/** For who asks for a suggestion: what it was then is good enough. */
export const ONCE = {};
const PAGE = 100;
const FAILURES = 50;

export type ListOrder = "newest" | "oldest" | "updated" | "id";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      retry: (failures, error) => !(error instanceof ApiError && error.problem.status < 500) && failures < 2,
    },
  },
});

/** Ages in the filter are counted from the moment of the request. */
function listParameters(text: string) {
  return filterParameters(parseFilter(text, new Date()).filter);
}

export function aboutQuery() {
  return queryOptions({
    queryKey: ["about"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/about", { signal })),
    meta: SLOW,
  });
}

export function hubsQuery() {
  return queryOptions({
    queryKey: ["hubs"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/hubs", { signal })),
    staleTime: 30_000,
  });
}

export function limitsQuery() {
  return queryOptions({
    queryKey: ["limits"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/limits", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function retentionQuery() {
  return queryOptions({
    queryKey: ["retention"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/retention", { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function countsQuery(text: string) {
  return queryOptions({
    queryKey: ["counts", text],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/counts", { params: { query: listParameters(text) }, signal })),
    meta: LIGHT,
    placeholderData: keepPreviousData,
  });
}

/** The first page alone; `size` small for glimpses. */
export function instancesHeadQuery(text: string, order: ListOrder, size = PAGE) {
  return queryOptions({
    queryKey: ["instances", "head", text, order, size],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/instances", { params: { query: { ...listParameters(text), order, limit: size } }, signal }),
      ),
    meta: LIGHT,
    placeholderData: keepPreviousData,
  });
}

/** The last failures with their errors. */
export function failuresQuery(text: string) {
  return queryOptions({
    queryKey: ["instances", "failures", text],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/instances", {
          params: { query: { ...listParameters(text), order: "updated", limit: FAILURES, include: "payloads" } },
          signal,
        }),
      ),
    meta: HEAVY,
    placeholderData: keepPreviousData,
  });
}

/** All pages that were scrolled to; only the head is asked for again. */
export function instancesQuery(text: string, order: ListOrder) {
  return infiniteQueryOptions({
    queryKey: ["instances", "pages", text, order],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/instances", {
          params: {
            query: { ...listParameters(text), order, limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 30_000,
    placeholderData: keepPreviousData,
  });
}

export function instanceKey(id: string) {
  return ["instance", id] as const;
}

/** Kept fresh by the tab's event stream. */
export function instanceQuery(id: string) {
  return queryOptions({
    queryKey: [...instanceKey(id), "detail"],
    queryFn: async ({ signal, client, queryKey }) => {
      const asked = await unwrap(api.GET("/api/v1/instances/{id}", { params: { path: { id } }, signal }));
      // The stream may have told of a later change while the answer was on its way.
      return later(asked, client.getQueryData<InstanceDetail>(queryKey));
    },
  });
}

/** What depends on an instance takes `updatedAt` as part of its key: it is asked for again when that moves. */
export function whyQuery(id: string, updatedAt: string) {
  return queryOptions({
    queryKey: [...instanceKey(id), "why", updatedAt],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/instances/{id}/why", { params: { path: { id } }, signal })),
    meta: LIGHT,
    placeholderData: keepPreviousData,
  });
}

export function childrenQuery(id: string, updatedAt: string) {
  return queryOptions({
    queryKey: [...instanceKey(id), "children", updatedAt],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/instances/{id}/children", {
          params: { path: { id }, query: { limit: PAGE, order: "oldest" } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

/** The newest instances of a workflow with their inputs, to start the next one from. */
export function lastInputsQuery(name: string) {
  return queryOptions({
    queryKey: ["inputs", name],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/api/v1/instances", {
          params: { query: { name: [name], order: "newest", limit: 5, include: "payloads" } },
          signal,
        }),
      ),
  });
}

export function workersQuery() {
  return queryOptions({
    queryKey: ["workers"],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/workers", { signal })),
    meta: LIGHT,
  });
}

export function entitiesQuery(name: string) {
  return infiniteQueryOptions({
    queryKey: ["entities", "pages", name],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/entities", {
          params: {
            query: {
              ...(name ? { name: [name] } : {}),
              transient: true,
              limit: PAGE,
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next,
    meta: HEAVY,
    placeholderData: keepPreviousData,
  });
}

export function entityQuery(name: string, key: string) {
  return queryOptions({
    queryKey: ["entities", "one", name, key],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/entities/{name}/{key}", { params: { path: { name, key } }, signal })),
    meta: LIGHT,
  });
}
