import { lazy, Suspense } from "react";
import type { InstanceDetail } from "../../api/client";
import { Segments } from "../../ui/Segments";
import { MachineGraph } from "./MachineGraph";
import { useExecution } from "./useExecution";
import { useView } from "./view";

const HappenedGraph = lazy(() => import("./HappenedGraph").then((module) => ({ default: module.HappenedGraph })));

const LOADING = <p className="p-4 text-muted">Loading…</p>;

/** The state machine with how its states stand, or the graph of what happened. */
export function Graph({ instance }: { instance: InstanceDetail }) {
  const execution = useExecution(instance);
  const [{ graph = "machine" }, change] = useView();
  if (execution === undefined) return LOADING;
  return (
    <div className="card min-w-0 overflow-hidden">
      {execution && (
        <div className="flex items-center justify-between gap-3 border-line border-b px-3 py-1.5">
          <Segments
            label="What is drawn"
            choices={{ machine: "State machine", happened: "What happened" }}
            value={graph}
            onValue={(value) => change({ graph: value, step: undefined })}
          />
          <span className="text-muted text-xs">revision {execution.revision}</span>
        </div>
      )}
      <Suspense fallback={LOADING}>
        {execution && graph === "machine" ? (
          <MachineGraph execution={execution} />
        ) : (
          <HappenedGraph instance={instance} />
        )}
      </Suspense>
    </div>
  );
}
