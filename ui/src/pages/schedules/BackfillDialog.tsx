import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { backfillSchedule } from "../../api/catalog";
import type { BackfillReport } from "../../api/client";
import { count, exactTime } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { ProblemNote } from "../../ui/Loaded";
import { Modal } from "../../ui/Modal";
import { useNotice } from "../../ui/Notice";

const LISTED = 100;

/** Starts instances for times that have passed; first shows for which. */
export function BackfillDialog({ name, close }: { name: string; close: () => void }) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const notify = useNotice();
  const client = useQueryClient();
  const range = () => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  const look = useMutation({ mutationFn: () => backfillSchedule(name, range(), true) });
  const fill = useMutation({
    mutationFn: () => backfillSchedule(name, range(), false),
    onSuccess: ({ started, existing }) => {
      notify(`${count(started.length)} started${existing.length > 0 ? `, ${count(existing.length)} were there` : ""}.`);
      void client.invalidateQueries({ queryKey: ["instances"] });
      close();
    },
  });
  const change = (set: (value: string) => void) => (value: string) => {
    set(value);
    look.reset();
  };
  const error = look.error ?? fill.error;
  const given = from !== "" && to !== "" && from < to;
  const toStart = look.data ? look.data.times.length - look.data.existing.length : 0;
  return (
    <Modal
      open
      onOpenChange={close}
      title={`Backfill ${name}`}
      description="Starts an instance for each of its times in the range. Times that have one already are left out."
    >
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="From" type="datetime-local" value={from} onValue={change(setFrom)} />
        <Field label="To" type="datetime-local" value={to} onValue={change(setTo)} />
      </div>
      {error && <ProblemNote error={error} />}
      {look.data && <Times report={look.data} />}
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>Cancel</Button>
        <Button disabled={!given || look.isPending} onClick={() => look.mutate()}>
          {look.isPending ? "Looking…" : "Show the times"}
        </Button>
        <Button look="solid" disabled={toStart === 0 || fill.isPending} onClick={() => fill.mutate()}>
          {fill.isPending ? "Starting…" : `Start ${look.data ? count(toStart) : ""}`}
        </Button>
      </div>
    </Modal>
  );
}

function Times({ report: { times, existing } }: { report: BackfillReport }) {
  if (times.length === 0) return <p className="mt-3 text-muted">It has no time in this range.</p>;
  return (
    <>
      <p role="status" className="mt-3">
        {count(times.length)} {times.length === 1 ? "time" : "times"}
        {existing.length > 0 && `, of which ${count(existing.length)} have an instance already`}:
      </p>
      <ol className="mt-1 max-h-48 overflow-y-auto rounded-md bg-raised px-3 py-2 tabular-nums">
        {times.slice(0, LISTED).map((at) => (
          <li key={at}>{exactTime(new Date(at))}</li>
        ))}
        {times.length > LISTED && <li className="text-muted">and {count(times.length - LISTED)} more</li>}
      </ol>
    </>
  );
}
