import { useQuery } from "@tanstack/react-query";
import { useContext, useEffect, useRef } from "react";
import { workflowsQuery } from "../../api/catalog";
import type { InstanceDetail } from "../../api/client";
import { type Execution, executionQuery } from "../../api/execution";
import { ONCE } from "../../api/queries";
import { HistoryContext } from "../../api/useHistory";

const THROTTLE_MS = 1000;

/** A state machine's run; null for what is none. Asked for again when the instance changes, at most once a second. */
export function useExecution({ id, name, updatedAt }: InstanceDetail): Execution | null | undefined {
  const offline = useContext(HistoryContext) !== undefined;
  const { data: kind } = useQuery({
    ...workflowsQuery(),
    meta: ONCE,
    enabled: !offline,
    select: ({ workflows }) => workflows.find((each) => each.name === name)?.kind ?? "stateMachine",
  });
  const wanted = !offline && kind === "stateMachine";
  const { data, refetch } = useQuery({ ...executionQuery(id), enabled: wanted });
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const seen = useRef(updatedAt);

  useEffect(() => {
    if (!wanted || data === null || seen.current === updatedAt) return;
    seen.current = updatedAt;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      void refetch();
    }, THROTTLE_MS);
  }, [wanted, data, updatedAt, refetch]);
  useEffect(() => () => clearTimeout(timer.current), []);

  return offline || (kind !== undefined && !wanted) ? null : data;
}
