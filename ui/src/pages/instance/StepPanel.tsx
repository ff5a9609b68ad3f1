import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { HistoryStore } from "../../api/history";
import { clockTime, count, duration } from "../../lib/format";
import { preview } from "../../lib/preview";
import { Button } from "../../ui/Button";
import { Payload } from "../../ui/Payload";
import type { Cluster } from "./clusters";
import { FailureView } from "./FailureView";
import { manyText } from "./happened";
import { Labelled, SidePanel } from "./SidePanel";
import { StepIcon } from "./StepIcon";
import { type Attempt, endOf, type Outcome, outcomeOf, type Step, startOf } from "./steps";
import { useView } from "./view";

const LISTED = 100;
const URGENCY: Record<Outcome, number> = { failed: 0, open: 1, cancelled: 2, done: 3 };

interface StepPanelProps {
  cluster: Cluster;
  store: HistoryStore;
  /** Draws the steps of the cluster one by one. */
  open: () => void;
  close: () => void;
}

/** A step of the graph of what happened, or many. */
export function StepPanel({ cluster, store, open, close }: StepPanelProps) {
  const [chosen, setChosen] = useState<number>();
  const steps = useMemo(
    () => [...cluster.steps].sort((a, b) => URGENCY[outcomeOf(a)] - URGENCY[outcomeOf(b)]),
    [cluster],
  );
  const [first] = steps;
  const step = steps.length === 1 ? first : steps.find(({ index }) => index === chosen);
  if (!first) return null;
  if (step) {
    return (
      <SidePanel title={step.name} close={steps.length === 1 ? close : () => setChosen(undefined)}>
        <StepFacts step={step} store={store} />
      </SidePanel>
    );
  }
  return (
    <SidePanel title={`${first.name} ×${count(steps.length)}`} close={close}>
      <p className="text-muted">{manyText(cluster)}</p>
      {cluster.id.startsWith("many") && (
        <div>
          <Button onClick={open}>Draw one by one</Button>
        </div>
      )}
      <ol className="-mx-2">
        {steps.slice(0, LISTED).map((each) => (
          <li key={each.index}>
            <button
              type="button"
              className="flex w-full items-center gap-2 rounded px-2 py-1 text-left hover:bg-raised"
              onClick={() => setChosen(each.index)}
            >
              <StepIcon step={each} />
              <span className="flex-1 truncate font-mono text-xs">
                {preview(store.events[each.index]?.input) || `event ${each.index}`}
              </span>
              <span className="text-muted text-xs tabular-nums">{took(each)}</span>
            </button>
          </li>
        ))}
      </ol>
      {steps.length > LISTED && (
        <p className="text-muted text-xs">{LISTED} are listed, those that failed first; the timeline has them all.</p>
      )}
    </SidePanel>
  );
}

function took(step: Step): string {
  const end = endOf(step);
  return end === undefined ? "goes on" : duration(end - startOf(step));
}

function StepFacts({ step, store }: { step: Step; store: HistoryStore }) {
  const [, change] = useView();
  const begun = store.events[step.index];
  const last = step.attempts.at(-1);
  const ended = last?.endIndex === undefined ? undefined : store.events[last.endIndex];
  const input = begun?.input ?? begun?.data;
  return (
    <>
      <p className="flex items-center gap-2 text-muted">
        <StepIcon step={step} /> {step.kind}, {took(step)}
      </p>
      {step.instanceId && (
        <Labelled label="Instance">
          <Link to="/instances/$id" params={{ id: step.instanceId }} className="link break-all">
            {step.instanceId}
          </Link>
        </Labelled>
      )}
      {ended?.failure && <FailureView failure={ended.failure} />}
      <Labelled label="Input">
        <Payload value={input} name={`${step.name}.input`} />
      </Labelled>
      {ended && !ended.failure && (
        <Labelled label="Result">
          <Payload value={ended.result} name={`${step.name}.result`} />
        </Labelled>
      )}
      <Labelled label={step.attempts.length > 1 ? "Attempts" : "Times"}>
        <ol className="flex flex-col gap-1">
          {step.attempts.map((attempt, index) => (
            <AttemptLine key={attempt.index} attempt={attempt} number={index + 1} store={store} />
          ))}
        </ol>
      </Labelled>
      <div className="flex gap-2">
        <Button onClick={() => change({ tab: "history", event: step.index, find: undefined, kind: undefined })}>
          Show in history
        </Button>
        {step.kind === "activity" && <Button onClick={() => change({ tab: "logs" })}>Logs</Button>}
      </div>
    </>
  );
}

function AttemptLine({ attempt, number, store }: { attempt: Attempt; number: number; store: HistoryStore }) {
  const { start, end, outcome, endIndex } = attempt;
  const failure = endIndex === undefined ? undefined : store.events[endIndex]?.failure;
  return (
    <li className="tabular-nums">
      {number}. {clockTime(new Date(start))}, {end === undefined ? "goes on" : `${duration(end - start)}, ${outcome}`}
      {failure && <span className="block truncate pl-4 text-bad text-xs">{failure.errorType}</span>}
    </li>
  );
}
