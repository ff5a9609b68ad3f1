import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { count } from "../../lib/format";
import { Bar } from "../../ui/Bar";
import { Button } from "../../ui/Button";
import { ProblemNote } from "../../ui/Loaded";
import { Modal } from "../../ui/Modal";
import { impactOf, OPERATIONS, type Operation, type Outcome, runOperation, type Target } from "./operations";

interface BulkDialogProps {
  operation: Operation;
  target: Target;
  close: () => void;
  onDone: (operation: Operation) => void;
}

/** Says how many are touched before, and what became of them after. */
export function BulkDialog({ operation, target, close, onDone }: BulkDialogProps) {
  const { label, does, final } = OPERATIONS[operation];
  const client = useQueryClient();
  const [done, setDone] = useState(0);
  const impact = useQuery({
    queryKey: ["bulk", operation, target],
    queryFn: () => impactOf(operation, target),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const run = useMutation({
    mutationFn: () => runOperation(operation, target, setDone),
    onSettled: () => {
      for (const queryKey of [["instances"], ["counts"], ["workflows"]]) void client.invalidateQueries({ queryKey });
      onDone(operation);
    },
  });
  const all = impact.data;
  const error = impact.error ?? run.error;
  const what = "ids" in target ? "the selected instances" : "all that match";
  return (
    <Modal open onOpenChange={close} title={`${label} ${what}`} description={does}>
      {"text" in target && (
        <p className="mb-3 break-all rounded bg-raised px-3 py-2 font-mono text-xs">{target.text || "no filter"}</p>
      )}
      <div role="status">
        {run.data ? (
          <Result label={label} outcome={run.data} />
        ) : run.isPending ? (
          <>
            <p>
              {count(done)} of {all === undefined ? "?" : count(all)} done…
            </p>
            <Bar value={done} max={all ?? 0} />
          </>
        ) : (
          <p>
            {all === undefined
              ? "Counting…"
              : all === 0
                ? "There is none in a status in which this makes sense."
                : `${count(all)} ${all === 1 ? "instance is" : "instances are"} affected.`}
          </p>
        )}
      </div>
      {error && <ProblemNote error={error} />}
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>{run.data ? "Close" : "Cancel"}</Button>
        {!run.data && (
          <Button look={final ? "danger" : "solid"} disabled={!all || run.isPending} onClick={() => run.mutate()}>
            {run.isPending ? "Working…" : `${label} ${all ? count(all) : ""}`}
          </Button>
        )}
      </div>
    </Modal>
  );
}

function Result({ label, outcome: { done, failed, refusals } }: { label: string; outcome: Outcome }) {
  return (
    <>
      <p className="font-medium">
        {label}: {count(done)} done{failed > 0 && `, ${count(failed)} refused`}.
      </p>
      {refusals.length > 0 && (
        <ul className="mt-2 flex max-h-48 flex-col gap-1.5 overflow-y-auto">
          {refusals.map(({ id, why }) => (
            <li key={id} className="break-words">
              <span className="font-mono text-xs">{id}</span> <span className="text-bad">{why}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
