import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ServerSummary, Status } from "../../api/client";
import { useSummary } from "../../api/live";
import { workersQuery } from "../../api/queries";
import { count } from "../../lib/format";
import { shortNumber } from "../../lib/series";
import { StatusBadge } from "../../ui/StatusBadge";

const TILES: readonly Status[] = ["Running", "Pending", "Suspended", "Failed", "Completed"];

/** How many there are of each status, and what is being done right now. */
export function Figures() {
  const summary = useSummary();
  return (
    <div className="card grid grid-cols-2 divide-line overflow-hidden sm:grid-cols-3 md:grid-cols-4 xl:grid-flow-col xl:auto-cols-fr xl:grid-cols-none xl:divide-x">
      {TILES.map((status) => (
        <Link
          key={status}
          to="/instances"
          search={{ q: `status:${status.toLowerCase()}` }}
          className="px-4 py-3 -outline-offset-2 hover:bg-raised"
        >
          <StatusBadge status={status} />
          <Value>{summary ? count(summary.counts.byStatus[status] ?? 0) : "…"}</Value>
        </Link>
      ))}
      {summary && <Now summary={summary} />}
      <Workers />
    </div>
  );
}

function Label({ children }: { children: string }) {
  return <span className="font-medium text-muted">{children}</span>;
}

function Value({ children }: { children: ReactNode }) {
  return (
    <span className="mt-0.5 block whitespace-nowrap font-semibold text-2xl tabular-nums leading-8 tracking-tight">
      {children}
    </span>
  );
}

function Now({ summary: { rates, callsRunning } }: { summary: ServerSummary }) {
  return (
    <>
      <div className="px-4 py-3">
        <Label>Started/s</Label>
        <Value>{shortNumber(rates.started)}</Value>
      </div>
      <div className="px-4 py-3">
        <Label>Calls running</Label>
        <Value>{count(callsRunning)}</Value>
      </div>
    </>
  );
}

function Workers() {
  const workers = useQuery(workersQuery()).data?.workers;
  return (
    <Link to="/workers" className="px-4 py-3 -outline-offset-2 hover:bg-raised">
      <Label>Workers</Label>
      <Value>{workers === undefined ? "…" : count(workers.length)}</Value>
    </Link>
  );
}
