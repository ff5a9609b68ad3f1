import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { schedulesQuery } from "../../api/catalog";
import type { Trigger, Workflow } from "../../api/client";
import { instancesHeadQuery } from "../../api/queries";
import { shortSeconds } from "../../lib/series";
import { Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Command, Empty, Section } from "../../ui/Page";
import { DURATION, SeriesCharts, THROUGHPUT } from "../../ui/SeriesCharts";
import { ShortList } from "../../ui/ShortList";
import { Time } from "../../ui/Time";
import { CountLinks } from "./WorkflowsPage";

const RECENT = 15;
const CHARTS = [THROUGHPUT, DURATION];

export function Overview({ name, workflow }: { name: string; workflow: Workflow | undefined }) {
  const of = useMemo(() => ({ workflow: name }), [name]);
  return (
    <>
      <SeriesCharts of={of} figures={CHARTS} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <RecentRuns name={name} />
        {workflow && (
          <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-1">
            <Details workflow={workflow} />
            <Starters workflow={workflow} />
          </div>
        )}
      </div>
    </>
  );
}

function RecentRuns({ name }: { name: string }) {
  const filter = `name:"${name}"`;
  const query = useQuery(instancesHeadQuery(filter, "newest", RECENT));
  return (
    <Section
      title="Recent runs"
      aside={
        <Link to="/instances" search={{ q: filter }} className="link">
          Show all
        </Link>
      }
    >
      <Loaded query={query}>
        {({ instances }) =>
          instances.length === 0 ? (
            <Empty title="It has not run yet.">
              <Link to="." search={(was) => ({ ...was, part: "start" as const })} className="link">
                Start it here
              </Link>
              , or type <Command>{`partita start ${name}`}</Command>
            </Empty>
          ) : (
            <ShortList instances={instances} time="createdAt" sameWorkflow />
          )
        }
      </Loaded>
    </Section>
  );
}

function Details({ workflow: { name, versions, definition, offeredBy, instances } }: { workflow: Workflow }) {
  return (
    <Section title="Details">
      <Facts
        facts={{
          Instances: <CountLinks name={name} counts={instances} />,
          Versions:
            versions.length === 0 ? (
              "none is named"
            ) : (
              <span className="break-all font-mono text-xs">{versions.join(", ")}</span>
            ),
          Definition: definition?.file ? (
            <span className="break-all font-mono text-xs">{definition.file}</span>
          ) : (
            definition && "made through the API"
          ),
          Changed: definition?.changedAt && <Time at={definition.changedAt} />,
          "Offered by":
            offeredBy.length === 0 ? (
              <span className="text-wait">nobody right now</span>
            ) : (
              offeredBy.map(({ kind, name: who }) => (kind === "worker" ? `worker ${who}` : who)).join(", ")
            ),
        }}
      />
    </Section>
  );
}

/** What else starts it: schedules and triggers. */
function Starters({ workflow: { schedules, triggers } }: { workflow: Workflow }) {
  return (
    <Section title="Schedules and triggers">
      {schedules.length + triggers.length === 0 ? (
        <p className="px-4 py-3 text-muted">
          None. The app’s <Command>partita.toml</Command> can name both.
        </p>
      ) : (
        <ul className="divide-y divide-line/60">
          {schedules.map((name) => (
            <ScheduleLine key={name} name={name} />
          ))}
          {triggers.map((trigger) => (
            <TriggerLine key={`${trigger.method} ${trigger.path}`} trigger={trigger} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function ScheduleLine({ name }: { name: string }) {
  const schedule = useQuery(schedulesQuery()).data?.schedules.find((each) => each.name === name);
  return (
    <li className="flex items-center justify-between gap-3 px-4 py-2">
      <Link to="/schedules/$name" params={{ name }} className="link truncate">
        {name}
      </Link>
      <span className="truncate text-muted text-xs">
        {schedule?.paused
          ? "paused"
          : schedule?.next[0] && (
              <>
                next <Time at={schedule.next[0]} />
              </>
            )}
      </span>
    </li>
  );
}

function TriggerLine({ trigger }: { trigger: Trigger }) {
  return (
    <li className="flex flex-wrap items-baseline justify-between gap-x-3 px-4 py-2">
      <code className="break-all font-mono text-xs">
        {trigger.method} {trigger.path}
      </code>
      <span className="text-muted text-xs">{triggerWords(trigger)}</span>
    </li>
  );
}

/** What a trigger does, and what is answered. */
function triggerWords({ does, event, waitSeconds, answers }: Trigger): string {
  if (does === "status") return answers === "customStatus" ? "answers the custom status" : "answers the instance";
  if (does === "raise") return `raises ${event ?? "an event"}`;
  const waits = waitSeconds ? `, and waits up to ${shortSeconds(waitSeconds)} for the output` : "";
  return `starts it${waits}`;
}
