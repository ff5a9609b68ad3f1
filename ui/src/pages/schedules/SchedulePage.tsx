import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { CalendarPlus, Pause, Play } from "lucide-react";
import { useState } from "react";
import { scheduleQuery } from "../../api/catalog";
import type { Schedule } from "../../api/client";
import { instancesHeadQuery } from "../../api/queries";
import { exactTime, zonedTime } from "../../lib/format";
import { formatTags } from "../../lib/tags";
import { Button } from "../../ui/Button";
import { Facts } from "../../ui/Facts";
import { Loaded } from "../../ui/Loaded";
import { Empty, Page, Section } from "../../ui/Page";
import { Payload } from "../../ui/Payload";
import { ShortList } from "../../ui/ShortList";
import { Skeleton } from "../../ui/Skeleton";
import { Time } from "../../ui/Time";
import { BackfillDialog } from "./BackfillDialog";
import { ScheduleState } from "./SchedulesPage";
import { useScheduleActions } from "./useScheduleActions";
import { catchUpWords, cronWords, overlapWords } from "./words";

const RECENT = 15;
const route = getRouteApi("/schedules/$name");

export function SchedulePage() {
  const { name } = route.useParams();
  const query = useQuery(scheduleQuery(name));
  const { data: schedule } = query;
  return (
    <Page
      title={name}
      crumb={
        <Link to="/schedules" className="hover:underline">
          Schedules
        </Link>
      }
      aside={schedule && <ScheduleState schedule={schedule} />}
      actions={schedule && <Actions schedule={schedule} />}
    >
      <Loaded query={query} missing={<Empty title="There is no such schedule." />}>
        {(each) => (
          <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
            <div className="flex flex-col gap-4">
              <NextTimes schedule={each} />
              <Details schedule={each} />
            </div>
            <RecentInstances name={name} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Actions({ schedule }: { schedule: Schedule }) {
  const { toggle, run } = useScheduleActions(schedule);
  const [filling, setFilling] = useState(false);
  return (
    <>
      <Button disabled={toggle.isPending} onClick={() => toggle.mutate()}>
        {schedule.paused ? <Play aria-hidden className="size-4" /> : <Pause aria-hidden className="size-4" />}
        {schedule.paused ? "Resume" : "Pause"}
      </Button>
      <Button onClick={() => setFilling(true)}>
        <CalendarPlus aria-hidden className="size-4" /> Backfill…
      </Button>
      <Button look="solid" disabled={run.isPending} onClick={() => run.mutate()}>
        <Play aria-hidden className="size-4" /> Run now
      </Button>
      {filling && <BackfillDialog name={schedule.name} close={() => setFilling(false)} />}
    </>
  );
}

function NextTimes({ schedule: { next, timezone, paused, cron } }: { schedule: Schedule }) {
  return (
    <Section
      title={paused ? "Times that it would have" : "Next times"}
      aside={<code className="font-mono">{cron}</code>}
    >
      <p className="px-4 pt-3">{cronWords(cron)}</p>
      {next.length === 0 ? (
        <p className="px-4 py-3 text-muted">There are none any more.</p>
      ) : (
        <table className="table mt-2">
          <thead className="sr-only">
            <tr>
              <th scope="col">When</th>
              <th scope="col">Here</th>
              <th scope="col">In its zone</th>
            </tr>
          </thead>
          <tbody>
            {next.map((at) => (
              <tr key={at}>
                <td className="w-32 whitespace-nowrap">
                  <Time at={at} />
                </td>
                <td>{exactTime(new Date(at))}</td>
                <td className="text-muted">{zonedTime(new Date(at), timezone)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Details({ schedule }: { schedule: Schedule }) {
  const { workflow, version, tags, overlap, catchUp, catchUpLimit, jitterSeconds, last, queued, input } = schedule;
  return (
    <Section title="Details">
      <Facts
        facts={{
          Starts: (
            <Link to="/workflows/$name" params={{ name: workflow }} className="link">
              {workflow}
              {version && ` ${version}`}
            </Link>
          ),
          "When the one before runs": overlapWords(overlap),
          "After a downtime": `${catchUpWords(catchUp)}${catchUp === "all" ? `, at most ${catchUpLimit}` : ""}`,
          Jitter: jitterSeconds > 0 ? `up to ${jitterSeconds} s` : "none",
          Tags: formatTags(tags) || "none",
          Last: last ? (
            <Link to="/instances/$id" params={{ id: last.instance }} className="link">
              <Time at={last.at} />
            </Link>
          ) : (
            "never"
          ),
          "Waits since": queued && <Time at={queued} />,
          Input: <Payload value={input} name="input" />,
        }}
      />
    </Section>
  );
}

function RecentInstances({ name }: { name: string }) {
  const filter = `tag:partita.schedule="${name}"`;
  const query = useQuery(instancesHeadQuery(filter, "newest", RECENT));
  return (
    <Section
      title="Recent instances"
      aside={
        <Link to="/instances" search={{ q: filter }} className="link">
          Show all
        </Link>
      }
    >
      {query.data ? (
        query.data.instances.length === 0 ? (
          <Empty title="It has not started anything yet.">Run it now, or wait for its next time.</Empty>
        ) : (
          <ShortList instances={query.data.instances} time="createdAt" sameWorkflow />
        )
      ) : (
        <Skeleton rows={6} />
      )}
    </Section>
  );
}
