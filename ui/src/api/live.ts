import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { ChangeStream, type StreamState } from "./changes";
import type { InstancesChange, ServerSummary } from "./client";
import { withHub } from "./hub";
import { instanceQuery } from "./queries";

/** `gone`: it was purged while it was shown. */
export type LiveState = StreamState | "gone";

const stream = new ChangeStream((url) => new EventSource(withHub(url)));

/** A browser allows six connections to a server for all its tabs: hidden ones give theirs back. */
document.addEventListener("visibilitychange", () => stream.setVisible(!document.hidden));

/** What the server does in figures; undefined until it has said so. */
export function useSummary(): ServerSummary | undefined {
  return useSyncExternalStore(stream.observe, () => stream.summary);
}

/** Calls back whenever something changes on the server. */
export function watchChanges(callback: () => void): () => void {
  return stream.watchChanges(callback);
}

/** Whether what is shown is kept fresh by the stream. */
export function useStreamState(): StreamState {
  return useSyncExternalStore(stream.observe, () => stream.state);
}

/** Keeps an instance's detail in the cache as fresh as the server's changes. */
export function useLiveInstance(id: string): LiveState {
  const client = useQueryClient();
  const state = useStreamState();
  const [gone, setGone] = useState<string>();
  useEffect(
    () =>
      stream.watchInstance(id, {
        onDetail: (detail) => {
          setGone(undefined);
          client.setQueryData(instanceQuery(id).queryKey, detail);
        },
        onGone: () => setGone(id),
      }),
    [client, id],
  );
  return gone === id ? "gone" : state;
}

/** Calls back with the instances that changed, as long as the component is shown. */
export function useChangedInstances(callback: (change: InstancesChange) => void): void {
  const latest = useRef(callback);
  useEffect(() => {
    latest.current = callback;
  });
  useEffect(() => stream.watchLists((change) => latest.current(change)), []);
}
