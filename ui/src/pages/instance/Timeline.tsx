import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { InstanceDetail } from "../../api/client";
import type { HistoryStore } from "../../api/history";
import { count, duration } from "../../lib/format";
import { preview } from "../../lib/preview";
import { Button } from "../../ui/Button";
import { CheckField } from "../../ui/Field";
import { ProblemNote } from "../../ui/Loaded";
import { Empty } from "../../ui/Page";
import { useNow } from "../../ui/Time";
import { collapsedScale, panned, plainScale, type Scale, type Span, ticks, WHOLE, zoomed } from "./scale";
import { type Step, startOf } from "./steps";
import { TimelineOverview } from "./TimelineOverview";
import { TIMELINE_COLUMNS, TimelineRow } from "./TimelineRow";
import { useSteps } from "./useSteps";
import { useView } from "./view";

const ROW_PX = 28;

/** What happened when, from the start to now or to the end. */
export function Timeline({ instance }: { instance: InstanceDetail }) {
  const { steps, store, note } = useSteps(instance);
  const now = useNow().getTime();
  const from = Date.parse(instance.createdAt);
  const to = Math.max(instance.completedAt ? Date.parse(instance.completedAt) : now, from + 1);
  if (store.error) return <ProblemNote error={store.error} onRetry={() => store.retry()} />;
  if (steps.length === 0) return <Empty title={note ?? "It has called nothing and waited for nothing yet."} />;
  return <Chart steps={steps} store={store} from={from} to={to} note={note} />;
}

interface ChartProps {
  steps: readonly Step[];
  store: HistoryStore;
  from: number;
  to: number;
  note: string | undefined;
}

function Chart({ steps, store, from, to, note }: ChartProps) {
  const [collapse, setCollapse] = useState(false);
  const [span, setSpan] = useState(WHOLE);
  const ordered = useMemo(() => [...steps].sort((a, b) => startOf(a) - startOf(b) || a.index - b.index), [steps]);
  const scale = useMemo(
    () => (collapse ? collapsedScale(ordered, from, to) : plainScale(from, to)),
    [collapse, ordered, from, to],
  );
  const middle = (span.left + span.right) / 2;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") setSpan(zoomed(span, 0.6, middle));
    else if (event.key === "-") setSpan(zoomed(span, 1 / 0.6, middle));
    else if (event.key === "ArrowLeft") setSpan(panned(span, -0.2));
    else if (event.key === "ArrowRight") setSpan(panned(span, 0.2));
    else if (event.key === "0") setSpan(WHOLE);
    else return;
    event.preventDefault();
  };
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <p role="status" className="text-muted text-xs tabular-nums">
          {count(steps.length)} {steps.length === 1 ? "step" : "steps"} in {duration(to - from)}
          {note && ` · ${note}`}
        </p>
        <CheckField label="Collapse waits" checked={collapse} onChecked={setCollapse} />
        <span className="hidden text-muted text-xs xl:inline">
          Drag in the overview to zoom; Ctrl and wheel, + and −, arrows
        </span>
        <span className="ml-auto flex gap-1">
          <Button aria-label="Zoom in" onClick={() => setSpan(zoomed(span, 0.6, middle))}>
            +
          </Button>
          <Button aria-label="Zoom out" onClick={() => setSpan(zoomed(span, 1 / 0.6, middle))}>
            −
          </Button>
          <Button onClick={() => setSpan(WHOLE)} disabled={span.left === 0 && span.right === 1}>
            All
          </Button>
        </span>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys pressed in the list and its rows bubble up to here. */}
      <div className="card" onKeyDown={onKeyDown}>
        <TimelineOverview steps={ordered} scale={scale} span={span} onSpan={setSpan} />
        <Axis scale={scale} span={span} />
        <Rows steps={ordered} store={store} scale={scale} span={span} onSpan={setSpan} />
      </div>
    </div>
  );
}

function place(part: number, span: Span): string {
  return `${((part - span.left) / (span.right - span.left)) * 100}%`;
}

function Axis({ scale, span }: { scale: Scale; span: Span }) {
  return (
    <div aria-hidden className={`${TIMELINE_COLUMNS} h-6 border-line border-b text-[11px] text-muted`}>
      <span />
      <span className="relative overflow-hidden">
        {ticks(scale, span).map(({ at, label }) => (
          <span
            key={label}
            className="absolute top-1 border-line border-l pl-1 tabular-nums"
            style={{ left: place(at, span) }}
          >
            {label}
          </span>
        ))}
      </span>
      <span />
    </div>
  );
}

interface RowsProps {
  steps: readonly Step[];
  store: HistoryStore;
  scale: Scale;
  span: Span;
  onSpan: (change: (was: Span) => Span) => void;
}

function Rows({ steps, store, scale, span, onSpan }: RowsProps) {
  const [, change] = useView();
  const scroller = useRef<HTMLDivElement>(null);
  const plot = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: steps.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 10,
  });
  // React's own wheel listeners cannot keep the browser from zooming the page.
  useEffect(() => {
    const element = scroller.current;
    const onWheel = (event: WheelEvent) => {
      const box = plot.current?.getBoundingClientRect();
      if (!box || !(event.ctrlKey || event.metaKey || event.shiftKey || event.deltaX !== 0)) return;
      event.preventDefault();
      const share = (event.clientX - box.left) / box.width;
      onSpan((was) => {
        if (event.ctrlKey || event.metaKey) {
          return zoomed(was, Math.exp(event.deltaY / 400), was.left + share * (was.right - was.left));
        }
        return panned(was, (event.deltaX || event.deltaY) / box.width);
      });
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [onSpan]);
  const open = useCallback(
    (index: number) => change({ tab: "history", event: index, find: undefined, kind: undefined }),
    [change],
  );
  const squeezed = scale.stretches.filter((stretch) => stretch.squeezed);

  return (
    <section
      ref={scroller}
      aria-label="Timeline"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
      tabIndex={0}
      className="relative max-h-[calc(100dvh-21rem)] min-h-80 overflow-y-auto"
    >
      <div className="relative" style={{ height: virtual.getTotalSize() }}>
        <div aria-hidden className={`${TIMELINE_COLUMNS} pointer-events-none absolute inset-0`}>
          <span />
          <span ref={plot} className="relative overflow-hidden">
            {ticks(scale, span).map(({ at, label }) => (
              <span
                key={label}
                className="absolute inset-y-0 border-line/60 border-l"
                style={{ left: place(at, span) }}
              />
            ))}
            {squeezed.map(({ from, left, right }) => (
              <span
                key={from}
                className="absolute inset-y-0 border-line border-x border-dashed bg-raised"
                style={{ left: place(left, span), width: `${((right - left) / (span.right - span.left)) * 100}%` }}
              />
            ))}
          </span>
        </div>
        <ol>
          {virtual.getVirtualItems().map(({ key, index, start }) => {
            const step = steps[index];
            return (
              step && (
                <TimelineRow
                  key={key}
                  step={step}
                  about={preview(store.events[step.index]?.input, 60)}
                  top={start}
                  height={ROW_PX}
                  scale={scale}
                  span={span}
                  onOpen={open}
                />
              )
            );
          })}
        </ol>
      </div>
    </section>
  );
}
