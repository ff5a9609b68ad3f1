import { memo } from "react";
import { clockTime, duration } from "../../lib/format";
import { StepIcon } from "./StepIcon";
import { type Scale, type Span, toPart } from "./scale";
import { type Attempt, endOf, type Outcome, outcomeOf, type Step, startOf } from "./steps";

export const TIMELINE_COLUMNS =
  "grid grid-cols-[11rem_minmax(0,1fr)_4.5rem] md:grid-cols-[19rem_minmax(0,1fr)_5rem] gap-3 px-3";

const BARS: Record<Outcome, string> = {
  open: "bg-busy/50 border border-dashed border-busy",
  done: "bg-good/75",
  failed: "bg-bad",
  cancelled: "bg-raised border border-dashed border-muted",
};
const WAITS: Record<Outcome, string> = {
  ...BARS,
  open: "bg-raised border border-dashed border-wait",
  done: "bg-muted/30",
};

interface TimelineRowProps {
  step: Step;
  /** What it was given, in short. */
  about: string;
  top: number;
  height: number;
  scale: Scale;
  span: Span;
  onOpen: (index: number) => void;
}

export const TimelineRow = memo(function TimelineRow(props: TimelineRowProps) {
  const { step, about, top, height, scale, span, onOpen } = props;
  const { to } = scale;
  // From 0 to 1 of what is seen.
  const part = (time: number) => (toPart(scale, time) - span.left) / (span.right - span.left);
  const words = wordsOf(step, to);
  return (
    <li className="absolute inset-x-0" style={{ height, transform: `translateY(${top}px)` }}>
      <button
        type="button"
        title={words}
        aria-label={words}
        className={`${TIMELINE_COLUMNS} h-full w-full items-center text-left -outline-offset-2 hover:bg-raised/70`}
        onClick={() => onOpen(step.index)}
      >
        <span className="flex min-w-0 items-center gap-2">
          <StepIcon step={step} />
          <span className="min-w-0 truncate">
            {step.name} <span className="ml-1 font-mono text-muted text-xs">{about}</span>
          </span>
          {step.attempts.length > 1 && <span className="shrink-0 text-muted text-xs">{step.attempts.length}×</span>}
        </span>
        <span className="relative h-3.5 overflow-hidden">
          {step.attempts.map((attempt, index) => (
            <Bar
              key={attempt.index}
              attempt={attempt}
              to={to}
              part={part}
              wait={step.kind === "timer" || step.kind === "lock"}
              before={step.attempts[index - 1]}
            />
          ))}
        </span>
        <span className="text-right text-muted text-xs tabular-nums">
          {endOf(step) === undefined ? "open" : duration((endOf(step) ?? to) - startOf(step))}
        </span>
      </button>
    </li>
  );
});

function wordsOf(step: Step, to: number): string {
  const { kind, name, attempts } = step;
  const end = endOf(step);
  const outcome = { open: "goes on", done: "done", failed: "failed", cancelled: "cancelled" }[outcomeOf(step)];
  const tries = attempts.length > 1 ? `, ${attempts.length} attempts` : "";
  const took = duration((end ?? to) - startOf(step));
  return `${kind} ${name}: ${outcome} ${end === undefined ? "since" : "after"} ${took}${tries}, from ${clockTime(new Date(startOf(step)))}`;
}

interface BarProps {
  attempt: Attempt;
  to: number;
  part: (time: number) => number;
  wait: boolean;
  before: Attempt | undefined;
}

function Bar({ attempt: { start, end, outcome }, to, part, wait, before }: BarProps) {
  const [left, right] = [clamp(part(start)), clamp(part(end ?? to))];
  const pause = before?.end === undefined ? undefined : clamp(part(before.end));
  const hidden = part(end ?? to) < 0 || part(start) > 1;
  return (
    <>
      {pause !== undefined && (
        <span
          className="absolute top-1/2 border-muted border-t border-dashed"
          style={{ left: percent(pause), width: percent(left - pause) }}
        />
      )}
      {!hidden && (
        <span
          className={`absolute inset-y-0 min-w-[3px] rounded-[2px] ${wait ? WAITS[outcome] : BARS[outcome]}`}
          style={{ left: `min(${percent(left)}, calc(100% - 3px))`, width: percent(right - left) }}
        />
      )}
    </>
  );
}

function clamp(part: number): number {
  return Math.min(1, Math.max(0, part));
}

function percent(part: number): string {
  return `${part * 100}%`;
}
