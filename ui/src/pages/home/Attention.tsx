import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleX, Cpu, SquareFunction, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { functionsQuery } from "../../api/catalog";
import { failuresQuery, instancesHeadQuery, workersQuery } from "../../api/queries";
import { type FailureGroup, groupFailures } from "../../lib/failures";
import { count } from "../../lib/format";
import { Section } from "../../ui/Page";
import { Skeleton } from "../../ui/Skeleton";
import { Time } from "../../ui/Time";

const SHOWN = 5;
const FAILED = "status:failed completed<1d";
const SET_ASIDE = "is:set-aside";

/** What needs a person: instances that were set aside or failed, work that nobody takes, functions that are broken. */
export function Attention() {
  const setAside = useQuery(instancesHeadQuery(SET_ASIDE, "updated", SHOWN));
  const failed = useQuery(failuresQuery(FAILED));
  const workers = useQuery(workersQuery());
  const functions = useQuery(functionsQuery());

  const stuck = setAside.data?.instances ?? [];
  const groups = groupFailures(failed.data?.instances ?? []);
  const waiting = workers.data?.waiting ?? [];
  const broken = functions.data?.functions.filter(({ host }) => host?.state === "broken") ?? [];
  const loaded = setAside.data && failed.data && workers.data && functions.data;
  const calm = stuck.length + groups.length + waiting.length + broken.length === 0;
  if (calm) return loaded ? <Calm /> : <Section title="Needs attention">{<Skeleton rows={2} />}</Section>;

  return (
    <Section
      title="Needs attention"
      aside={
        groups.length > 0 && (
          <Link to="/instances" search={{ q: FAILED }} className="link">
            All that failed in the last day
          </Link>
        )
      }
    >
      <ul className="divide-y divide-line/60">
        {stuck.map(({ id, name, updatedAt }) => (
          <Line key={id} icon={<TriangleAlert aria-hidden className="size-4 text-wait" />} at={updatedAt}>
            <b>{name}</b> was set aside after failed turns:{" "}
            <Link to="/instances/$id" params={{ id }} className="link break-all">
              {id}
            </Link>
          </Line>
        ))}
        {waiting.map(({ kind, name, version, count: size }) => (
          <Line key={`${kind} ${name} ${version}`} icon={<Cpu aria-hidden className="size-4 text-wait" />}>
            {count(size)} × {kind} <b>{name}</b> {version} {size === 1 ? "waits" : "wait"}, and{" "}
            <Link to="/workers" className="link">
              no worker
            </Link>{" "}
            offers it.
          </Line>
        ))}
        {broken.map(({ name, host }) => (
          <Line key={name} icon={<SquareFunction aria-hidden className="size-4 text-bad" />}>
            The function{" "}
            <Link to="/functions/$name" params={{ name }} className="link">
              {name}
            </Link>{" "}
            is broken: {host?.reason ?? host?.lastError ?? "see its log"}
          </Line>
        ))}
        {groups.slice(0, SHOWN).map((group) => (
          <FailureLine key={`${group.workflow} ${group.errorType} ${group.message}`} group={group} />
        ))}
      </ul>
      {groups.length > SHOWN && (
        <p className="border-line/60 border-t px-4 py-2 text-muted">
          and {count(groups.length - SHOWN)} other errors among the last failures
        </p>
      )}
    </Section>
  );
}

function Calm() {
  return (
    <p className="card flex items-center gap-2 px-4 py-2.5 text-muted">
      <CircleCheck aria-hidden className="size-4 text-good" />
      Nothing needs attention: none was set aside or failed in the last day, and all that waits is offered by somebody.
    </p>
  );
}

function FailureLine({ group: { workflow, errorType, message, count: times, last, lastId } }: { group: FailureGroup }) {
  return (
    <Line icon={<CircleX aria-hidden className="size-4 text-bad" />} at={last}>
      <span className="flex min-w-0 items-baseline gap-2">
        <Link
          to="/instances"
          search={{ q: `${FAILED} name:"${workflow}"` }}
          className="link shrink-0 font-medium tabular-nums"
        >
          {count(times)} × {workflow}
        </Link>
        <Link to="/instances/$id" params={{ id: lastId }} className="min-w-0 truncate hover:underline" title={message}>
          <span className="text-bad">{errorType}</span> {message}
        </Link>
      </span>
    </Line>
  );
}

function Line({ icon, at, children }: { icon: ReactNode; at?: string; children: ReactNode }) {
  return (
    <li className="flex items-start gap-2.5 px-4 py-2">
      <span className="mt-0.5 shrink-0">{icon}</span>
      <div className="min-w-0 flex-1 break-words">{children}</div>
      {at && (
        <span className="shrink-0 text-muted text-xs">
          <Time at={at} />
        </span>
      )}
    </li>
  );
}
