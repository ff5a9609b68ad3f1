import { type PointerEvent, useMemo, useState } from "react";
import { density, type Scale, type Span } from "./scale";
import type { Step } from "./steps";
import { TIMELINE_COLUMNS } from "./TimelineRow";

const PARTS = 300;
const HEIGHT = 40;
/** Less than this is a click, not a brush. */
const MIN_BRUSH = 0.004;

interface TimelineOverviewProps {
  steps: readonly Step[];
  scale: Scale;
  span: Span;
  onSpan: (span: Span) => void;
}

/** How many steps went on at each time; a brush over it says what is drawn below. */
export function TimelineOverview({ steps, scale, span, onSpan }: TimelineOverviewProps) {
  const { open, failed } = useMemo(() => density(steps, scale, PARTS), [steps, scale]);
  const [from, setFrom] = useState<number>();
  const [to, setTo] = useState(0);
  const most = Math.max(1, ...open);
  const area = open.map((value, index) => `L${index},${y(value, most)}L${index + 1},${y(value, most)}`).join("");
  const brush = from === undefined ? undefined : { left: Math.min(from, to), right: Math.max(from, to) };
  const marked = brush ?? span;

  const partAt = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const begin = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    setFrom(partAt(event));
    setTo(partAt(event));
  };
  const finish = () => {
    if (brush && brush.right - brush.left > MIN_BRUSH) onSpan(brush);
    else if (brush) onSpan({ left: 0, right: 1 });
    setFrom(undefined);
  };
  return (
    <div className={`${TIMELINE_COLUMNS} items-center border-line border-b py-1`}>
      <span className="text-muted text-xs">Overview</span>
      <div
        role="img"
        aria-label="How much went on at each time"
        className="relative cursor-crosshair touch-none select-none"
        style={{ height: HEIGHT }}
        onPointerDown={begin}
        onPointerMove={(event) => from !== undefined && setTo(partAt(event))}
        onPointerUp={finish}
        onPointerCancel={() => setFrom(undefined)}
      >
        <svg aria-hidden viewBox={`0 0 ${PARTS} ${HEIGHT}`} preserveAspectRatio="none" className="size-full">
          <path d={`M0,${HEIGHT}${area}L${PARTS},${HEIGHT}Z`} className="fill-busy/35" />
          {failed.map(
            (each, index) =>
              // biome-ignore lint/suspicious/noArrayIndexKey: a part of the time is known by its number.
              each && <rect key={index} x={index} y={HEIGHT - 6} width={1.5} height={6} className="fill-bad" />,
          )}
        </svg>
        <span
          aria-hidden
          className="absolute inset-y-0 rounded-sm border border-accent bg-accent/10"
          style={{ left: `${marked.left * 100}%`, width: `${(marked.right - marked.left) * 100}%` }}
        />
      </div>
      <span />
    </div>
  );
}

function y(value: number, most: number): number {
  return HEIGHT - (value / most) * (HEIGHT - 4);
}
