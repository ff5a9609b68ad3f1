import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Hourglass } from "lucide-react";
import type { Worker } from "../api/client";
import { workersQuery } from "../api/queries";
import { count } from "../lib/format";
import { Bar } from "../ui/Bar";
import { Loaded } from "../ui/Loaded";
import { Command, Empty, Page, Section } from "../ui/Page";
import { Time } from "../ui/Time";

export function WorkersPage() {
  const query = useQuery(workersQuery());
  return (
    <Page title="Workers">
      <Loaded query={query}>
        {({ workers, waiting, waitingTotal }) => (
          <>
            {waitingTotal > 0 && <Waiting waiting={waiting} total={waitingTotal} />}
            {workers.length === 0 && (
              <div className="card">
                <Empty title="No worker is connected.">
                  Run an app with <Command>partita dev FOLDER</Command>, or connect a worker of a Durable Task SDK to
                  this server.
                </Empty>
              </div>
            )}
            <div className="grid items-start gap-4 2xl:grid-cols-2">
              {workers.map((worker) => (
                <WorkerCard key={worker.id} worker={worker} />
              ))}
            </div>
          </>
        )}
      </Loaded>
    </Page>
  );
}

type WaitingWork = { kind: string; name: string; version?: string | null; count: number };

/** Work that nobody offers to do. */
function Waiting({ waiting, total }: { waiting: readonly WaitingWork[]; total: number }) {
  return (
    <Section
      title={total === 1 ? "One waits for a worker" : `${count(total)} wait for a worker`}
      aside={<Hourglass aria-hidden className="size-4 text-wait" />}
    >
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Not offered</th>
            <th scope="col">Kind</th>
            <th scope="col">Version</th>
            <th scope="col" className="number">
              Waiting
            </th>
          </tr>
        </thead>
        <tbody>
          {waiting.map(({ kind, name, version, count: size }) => (
            <tr key={`${kind} ${name} ${version}`}>
              <td className="break-all font-medium">{name}</td>
              <td className="text-muted">{kind}</td>
              <td className="text-muted">{version || "any"}</td>
              <td className="number text-wait">{count(size)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function WorkerCard({ worker }: { worker: Worker }) {
  const { id, kind, since, running, runningTotal } = worker;
  return (
    <Section
      title={id}
      aside={
        <span>
          {kind}
          {since && (
            <>
              , connected <Time at={since} />
            </>
          )}
        </span>
      }
    >
      <dl className="grid gap-x-6 gap-y-3 px-4 py-3 sm:grid-cols-3">
        <Load label="Turns" now={worker.turnsRunning} limit={worker.turnsLimit} names={worker.workflows} />
        <Load label="Calls" now={worker.callsRunning} limit={worker.callsLimit} names={worker.functions} />
        <Load label="Entities" now={worker.entitiesRunning} limit={worker.entitiesLimit} names={worker.entities} />
      </dl>
      {running.length > 0 && (
        <ul aria-label="Running" className="max-h-80 divide-y divide-line/60 overflow-y-auto border-line border-t">
          {running.map((each) => (
            <li
              key={`${each.instanceId} ${each.kind} ${each.taskId}`}
              className="grid grid-cols-[4rem_minmax(0,1fr)_minmax(0,1.5fr)_6rem] gap-3 px-4 py-1.5"
            >
              <span className="text-muted">{each.kind}</span>
              <span className="truncate">{each.name}</span>
              <Link to="/instances/$id" params={{ id: each.instanceId }} className="link truncate font-mono text-xs">
                {each.instanceId}
              </Link>
              <span className="text-right text-muted text-xs">
                <Time at={each.since} />
              </span>
            </li>
          ))}
          {runningTotal > running.length && (
            <li className="px-4 py-1.5 text-muted">and {count(runningTotal - running.length)} more</li>
          )}
        </ul>
      )}
    </Section>
  );
}

interface LoadProps {
  label: string;
  now: number;
  /** 0 for any number. */
  limit: number;
  names: readonly string[];
}

function Load({ label, now, limit, names }: LoadProps) {
  return (
    <div className="min-w-0">
      <dt className="text-muted text-xs">{label}</dt>
      <dd className="font-medium tabular-nums">
        {count(now)} {limit > 0 && `of ${count(limit)}`} running
      </dd>
      {limit > 0 && (
        <dd>
          <Bar value={now} max={limit} />
        </dd>
      )}
      <dd className="line-clamp-3 break-words text-muted text-xs" title={names.join(", ")}>
        {names.length === 0 ? "offers none" : names.map((name) => (name === "*" ? "any" : name)).join(", ")}
      </dd>
    </div>
  );
}
