import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

export const INSTANCE_TABS = ["graph", "timeline", "history", "data", "logs", "children"] as const;
export type InstanceTab = (typeof INSTANCE_TABS)[number];

export const EVENT_KINDS = ["calls", "timers", "messages", "entities", "lifecycle", "failures"] as const;
export type EventKindName = (typeof EVENT_KINDS)[number];

/** What the page of an instance, or of a history file, shows; all of it stands in the URL. */
export interface ViewSearch {
  tab?: InstanceTab | undefined;
  /** Text that events are found by. */
  find?: string | undefined;
  kind?: EventKindName | undefined;
  /** The event that is open. */
  event?: number | undefined;
  /** A time whose event is to be opened. */
  at?: string | undefined;
  /** What is drawn, when there are two graphs. */
  graph?: "machine" | "happened" | undefined;
  /** What is selected in the graph. */
  step?: string | undefined;
}

export function viewSearch(search: Record<string, unknown>): ViewSearch {
  const { tab, find, kind, event, at, graph, step } = search;
  return {
    tab: INSTANCE_TABS.find((each) => each === tab),
    find: find === undefined || find === "" ? undefined : String(find),
    kind: EVENT_KINDS.find((each) => each === kind),
    event: typeof event === "number" ? event : undefined,
    at: typeof at === "string" ? at : undefined,
    graph: graph === "machine" || graph === "happened" ? graph : undefined,
    step: step === undefined || step === "" ? undefined : String(step),
  };
}

/** The view of the page, and how to change a part of it. */
export function useView(): [ViewSearch, (change: ViewSearch) => void] {
  const search = useSearch({ strict: false }) as ViewSearch;
  const navigate = useNavigate();
  const change = useCallback(
    (part: ViewSearch) =>
      void navigate({ to: ".", search: (was: ViewSearch) => ({ ...was, ...part }), replace: true } as never),
    [navigate],
  );
  return [search, change];
}
