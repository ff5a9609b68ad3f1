import { useEffect, useMemo } from "react";
import type { InstanceDetail } from "../../api/client";
import { type HistoryStore, MAX_EVENTS } from "../../api/history";
import { useHistory } from "../../api/useHistory";
import { type Step, stepsOf } from "./steps";

interface Steps {
  steps: Step[];
  store: HistoryStore;
  /** What to say about what is missing. */
  note: string | undefined;
}

/** The steps of the whole history. */
export function useSteps(instance: InstanceDetail): Steps {
  const store = useHistory(instance);
  useEffect(() => store.loadAll(), [store]);
  const { version, total, loaded } = store;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says when there are other events.
  const steps = useMemo(() => stepsOf(store.beginning()), [store, version]);
  const note = !store.complete
    ? `Loading, ${Math.round((loaded / Math.max(1, total)) * 100)}%`
    : total > MAX_EVENTS
      ? `Only the first ${MAX_EVENTS.toLocaleString("en")} events are drawn`
      : undefined;
  return { steps, store, note };
}
