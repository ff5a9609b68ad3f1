import { useQuery } from "@tanstack/react-query";
import { useContext, useMemo, useState } from "react";
import type { InstanceDetail } from "../../api/client";
import { whyQuery } from "../../api/queries";
import { HistoryContext } from "../../api/useHistory";
import { GraphCanvas } from "../../graph/GraphCanvas";
import { count } from "../../lib/format";
import { Button } from "../../ui/Button";
import { ProblemNote } from "../../ui/Loaded";
import { type Cluster, clustersOf } from "./clusters";
import { drawHappened } from "./happened";
import { StepPanel } from "./StepPanel";
import { useSteps } from "./useSteps";
import { useView } from "./view";

const NONE: ReadonlySet<string> = new Set();

/** Names of events that an unfinished instance waits for. */
function useAwaited(instance: InstanceDetail): string[] {
  const offline = useContext(HistoryContext) !== undefined;
  const { data } = useQuery({
    ...whyQuery(instance.id, instance.updatedAt),
    enabled: !offline && instance.completedAt === null,
  });
  if (instance.completedAt !== null) return [];
  const names = (data?.reasons ?? []).flatMap(({ kind, facts }) => (kind === "event" ? String(facts.name) : []));
  return [...new Set(names)];
}

/** The graph of what happened, drawn from the history. */
export function HappenedGraph({ instance }: { instance: InstanceDetail }) {
  const { steps, store, note } = useSteps(instance);
  const awaited = useAwaited(instance).join("\n");
  const [opened, setOpened] = useState(NONE);
  const [{ step: selected }, change] = useView();
  const { clusters, leftOut } = useMemo(() => clustersOf(steps, opened), [steps, opened]);
  const ended = instance.completedAt === null ? undefined : instance.status;
  const drawing = useMemo(
    () => drawHappened({ clusters, awaited: awaited ? awaited.split("\n") : [], ended }),
    [clusters, awaited, ended],
  );
  const cluster = clusters.find(({ id }) => id === selected);
  if (store.error) return <ProblemNote error={store.error} onRetry={() => store.retry()} />;
  return (
    <div className="relative lg:flex">
      <div className="flex h-[calc(100dvh-17rem)] min-h-[30rem] min-w-0 flex-col lg:flex-1">
        {(note || leftOut > 0 || opened.size > 0) && (
          <p role="status" className="flex items-center gap-3 border-line border-b px-4 py-1 text-muted text-xs">
            {note}
            {leftOut > 0 && `${count(leftOut)} later steps are not drawn; the timeline has them all.`}
            {opened.size > 0 && (
              <Button look="quiet" className="h-6" onClick={() => setOpened(NONE)}>
                Draw many as one again
              </Button>
            )}
          </p>
        )}
        <GraphCanvas
          drawing={drawing}
          fitKey={fitKey(instance, clusters, opened)}
          label="What happened"
          selected={selected}
          onSelect={(id) => change({ step: id === selected ? undefined : id })}
        />
      </div>
      {cluster && (
        <StepPanel
          key={cluster.id}
          cluster={cluster}
          store={store}
          open={() => setOpened(new Set([...opened, cluster.id]))}
          close={() => change({ step: undefined })}
        />
      )}
    </div>
  );
}

/** The view is fitted anew only when there is much more to see. */
function fitKey(
  { id, executionId }: InstanceDetail,
  clusters: readonly Cluster[],
  opened: ReadonlySet<string>,
): string {
  return `${id} ${executionId} ${Math.ceil(Math.log2(clusters.length + 1))} ${opened.size}`;
}
