import { createContext, useContext, useEffect, useSyncExternalStore } from "react";
import { api, type HistoryEvent, type InstanceDetail, unwrap } from "./client";
import { HistoryStore } from "./history";

/** Histories that are kept when their page is left. */
const KEPT = 4;

const kept = new Map<string, HistoryStore>();

function storeOf({ id, executionId }: InstanceDetail): HistoryStore {
  const key = `${id} ${executionId}`;
  const store = kept.get(key) ?? new HistoryStore((from, limit) => fetchEvents(id, from, limit));
  kept.delete(key);
  kept.set(key, store);
  for (const old of [...kept.keys()].slice(0, -KEPT)) kept.delete(old);
  return store;
}

async function fetchEvents(id: string, from: number, limit: number): Promise<HistoryEvent[]> {
  const params = { path: { id }, query: { from, limit } };
  return (await unwrap(api.GET("/api/v1/instances/{id}/history", { params }))).events;
}

/** The history of a file stands in for the server's. */
export const HistoryContext = createContext<HistoryStore | undefined>(undefined);

/** An instance's history; the component is drawn again when there is more of it. */
export function useHistory(instance: InstanceDetail): HistoryStore {
  const given = useContext(HistoryContext);
  const store = given ?? storeOf(instance);
  useSyncExternalStore(store.observe, () => store.version);
  useEffect(() => store.setTotal(instance.historyEvents), [store, instance.historyEvents]);
  return store;
}
