import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CirclePause, CirclePlay, Pause, Play } from "lucide-react";
import { useState } from "react";
import { schedulesQuery } from "../../api/catalog";
import type { Schedule } from "../../api/client";
import { fuzzyRank } from "../../lib/fuzzy";
import { Button } from "../../ui/Button";
import { Loaded } from "../../ui/Loaded";
import { Command, Empty, Page } from "../../ui/Page";
import { SearchInput } from "../../ui/SearchInput";
import { Time } from "../../ui/Time";
import { useScheduleActions } from "./useScheduleActions";
import { cronWords } from "./words";

export function SchedulesPage() {
  const [text, setText] = useState("");
  const query = useQuery(schedulesQuery());
  return (
    <Page title="Schedules" actions={<SearchInput label="Find a schedule" text={text} onText={setText} />}>
      <div className="card overflow-x-auto">
        <Loaded query={query}>
          {({ schedules }) =>
            schedules.length === 0 ? (
              <Empty title="There are no schedules.">
                Name one in the app’s <Command>partita.toml</Command>: a table <Command>[[schedule]]</Command> with a
                name, a cron expression and the workflow to start.
              </Empty>
            ) : (
              <ScheduleTable schedules={fuzzyRank(text, schedules, ({ name, workflow }) => `${name} ${workflow}`)} />
            )
          }
        </Loaded>
      </div>
    </Page>
  );
}

function ScheduleTable({ schedules }: { schedules: readonly Schedule[] }) {
  if (schedules.length === 0) return <Empty title="No schedule has this name." />;
  return (
    <table className="table">
      <thead>
        <tr>
          {["Schedule", "Workflow", "When", "State", "Next", "Last"].map((label) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
          <th scope="col">
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {schedules.map((schedule) => (
          <ScheduleRow key={schedule.name} schedule={schedule} />
        ))}
      </tbody>
    </table>
  );
}

function ScheduleRow({ schedule }: { schedule: Schedule }) {
  const { name, cron, timezone, workflow, paused, next, last } = schedule;
  const { toggle, run } = useScheduleActions(schedule);
  return (
    <tr>
      <td>
        <Link to="/schedules/$name" params={{ name }} className="link break-words font-medium">
          {name}
        </Link>
      </td>
      <td>
        <Link to="/workflows/$name" params={{ name: workflow }} className="link break-words">
          {workflow}
        </Link>
      </td>
      <td className="min-w-44">
        {cronWords(cron)}
        <p className="text-muted text-xs">
          <code className="font-mono">{cron}</code> {timezone}
        </p>
      </td>
      <td>
        <ScheduleState schedule={schedule} />
      </td>
      <td className="whitespace-nowrap">{paused ? <span className="text-muted">–</span> : <Time at={next[0]} />}</td>
      <td className="whitespace-nowrap">
        {last ? (
          <Link to="/instances/$id" params={{ id: last.instance }} className="link">
            <Time at={last.at} />
          </Link>
        ) : (
          <span className="text-muted">never</span>
        )}
      </td>
      <td>
        <div className="flex justify-end gap-1.5">
          <Button small aria-label={`Run ${name} now`} disabled={run.isPending} onClick={() => run.mutate()}>
            <Play aria-hidden className="size-3.5" /> Run now
          </Button>
          <Button
            small
            aria-label={`${paused ? "Resume" : "Pause"} ${name}`}
            disabled={toggle.isPending}
            onClick={() => toggle.mutate()}
          >
            {paused ? <Play aria-hidden className="size-3.5" /> : <Pause aria-hidden className="size-3.5" />}
            {paused ? "Resume" : "Pause"}
          </Button>
        </div>
      </td>
    </tr>
  );
}

export function ScheduleState({ schedule: { paused, pausedBy, queued } }: { schedule: Schedule }) {
  const Icon = paused ? CirclePause : CirclePlay;
  const by = pausedBy === "configuration" ? " by the configuration" : "";
  return (
    <span
      className={`inline-flex items-center gap-1.5 whitespace-nowrap align-top font-medium ${paused ? "text-wait" : "text-good"}`}
    >
      <Icon aria-hidden className="size-4" />
      {paused ? `paused${by}` : queued ? "one waits" : "active"}
    </span>
  );
}
