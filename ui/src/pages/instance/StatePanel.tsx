import { useState } from "react";
import type { Execution, StateVisit } from "../../api/execution";
import { figuresText } from "../../graph/figures";
import { LOOKS } from "../../graph/NodeCard";
import { clockTime, count, duration } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Payload } from "../../ui/Payload";
import { FailureView } from "./FailureView";
import { Labelled, SidePanel } from "./SidePanel";
import { useView } from "./view";

const LISTED = 100;

interface StatePanelProps {
  path: string;
  execution: Execution;
  close: () => void;
}

/** A state of a state machine: what it is, and each time that it was entered. */
export function StatePanel({ path, execution, close }: StatePanelProps) {
  const [open, setOpen] = useState<number>();
  const figures = execution.states[path];
  const all = execution.visits.filter((visit) => visit.path === path);
  // Of many, those that went wrong are of interest.
  const visits = all.length > LISTED ? all.toSorted((a, b) => Number(!a.error) - Number(!b.error)) : all;
  const shown = open ?? (visits.length === 1 ? 0 : undefined);
  return (
    <SidePanel title={nameOf(path)} close={close}>
      {figures && figures.entered > 0 ? (
        <p className="text-muted">
          Entered {figures.entered === 1 ? "once" : `${count(figures.entered)} times`}
          {figuresText(figures) && ` · ${figuresText(figures)}`}
        </p>
      ) : (
        <p className="text-muted">It was not entered.</p>
      )}
      {figures?.error?.error && visits.length !== 1 && (
        <FailureView title="Last error" failure={failureOf(figures.error.error, figures.error.cause)} />
      )}
      <ol className="flex flex-col gap-1">
        {visits.slice(0, LISTED).map((visit, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: visits are only ever added at the end.
          <li key={index} className="rounded border border-line">
            <VisitLine
              visit={visit}
              number={index + 1}
              open={shown === index}
              toggle={() => setOpen(shown === index ? -1 : index)}
            />
            {shown === index && <VisitFacts visit={visit} />}
          </li>
        ))}
      </ol>
      {(visits.length > LISTED || (execution.moreVisits && visits.length < (figures?.entered ?? 0))) && (
        <p className="text-muted text-xs">
          The first {count(Math.min(visits.length, LISTED))} are listed; the history has them all.
        </p>
      )}
      <details>
        <summary className="text-muted text-xs">Definition</summary>
        <Payload value={valueAt(execution.definition, path)} name={nameOf(path)} />
      </details>
    </SidePanel>
  );
}

interface VisitLineProps {
  visit: StateVisit;
  number: number;
  open: boolean;
  toggle: () => void;
}

function VisitLine({ visit, number, open, toggle }: VisitLineProps) {
  const { Icon, words, tone } = LOOKS[visit.status];
  return (
    <button
      type="button"
      aria-expanded={open}
      className="flex w-full items-center gap-2 px-2.5 py-1.5 text-left hover:bg-raised"
      onClick={toggle}
    >
      <Icon role="img" aria-label={words} className={`size-4 shrink-0 ${tone}`} />
      <span className="flex-1 truncate">
        {visit.iteration === undefined ? `Visit ${number}` : `Item ${visit.iteration}`}
        {visit.attempts > 1 && <span className="text-muted"> · {visit.attempts} attempts</span>}
        {visit.error && visit.status !== "succeeded" && <span className="text-bad"> · {visit.error}</span>}
      </span>
      <span className="shrink-0 text-muted text-xs tabular-nums">{took(visit)}</span>
    </button>
  );
}

function VisitFacts({ visit }: { visit: StateVisit }) {
  const [, change] = useView();
  return (
    <div className="flex flex-col gap-3 border-line border-t p-3">
      {visit.error && (
        <FailureView
          {...(visit.status === "succeeded" && { title: "Last error, after which it was tried again" })}
          failure={failureOf(visit.error, visit.cause)}
        />
      )}
      <p className="text-muted text-xs tabular-nums">
        From {clockTime(new Date(visit.enteredAt))}
        {visit.exitedAt && ` to ${clockTime(new Date(visit.exitedAt))}`}
        {visit.attempts > 0 && `, ${visit.attempts} ${visit.attempts === 1 ? "attempt" : "attempts"}`}
      </p>
      <Labelled label="Input">
        <VisitValue value={visit.input} truncated={visit.truncated} name={`${visit.name}.input`} />
      </Labelled>
      {visit.status === "succeeded" && (
        <Labelled label="Output">
          <VisitValue value={visit.output} truncated={visit.truncated} name={`${visit.name}.output`} />
        </Labelled>
      )}
      <div className="flex gap-2">
        <Button onClick={() => change({ tab: "history", at: visit.enteredAt, find: undefined, kind: undefined })}>
          Show in history
        </Button>
        <Button onClick={() => change({ tab: "logs" })}>Logs</Button>
      </div>
    </div>
  );
}

function VisitValue({ value, truncated, name }: { value: unknown; truncated: boolean | undefined; name: string }) {
  if (value === undefined && truncated)
    return <span className="text-muted">too large to show here; see the history</span>;
  return <Payload value={value} name={name} />;
}

function took({ enteredAt, exitedAt }: StateVisit): string {
  return exitedAt ? duration(Date.parse(exitedAt) - Date.parse(enteredAt)) : "goes on";
}

function failureOf(error: string, cause: string | undefined) {
  return { errorType: error, message: cause ?? "", nonRetriable: false };
}

function parts(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function nameOf(path: string): string {
  return parts(path).at(-1) ?? path;
}

function valueAt(value: unknown, path: string): unknown {
  return parts(path).reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], value);
}
