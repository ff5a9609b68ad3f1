import { useEffect, useRef, useState } from "react";
import type { ChartData, ChartHandle, Line } from "./uplot";

const HEIGHT = 168;

const DOTS: Record<Line["tone"], string> = {
  good: "bg-good",
  bad: "bg-bad",
  busy: "bg-busy",
  wait: "bg-wait",
  muted: "bg-muted",
  accent: "bg-accent",
  stop: "bg-stop",
};

interface ChartProps extends ChartData {
  label: string;
  /** A value in words, with its unit. */
  format: (value: number) => string;
}

/** Lines over time, with the values of the step that is pointed at, or of the last one. */
export function Chart({ label, at, shown, lines, format }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const handle = useRef<ChartHandle>(undefined);
  const latest = useRef({ at, shown, lines, format });
  const [hovered, setHovered] = useState<number>();

  useEffect(() => {
    latest.current = { at, shown, lines, format };
    handle.current?.setData({ at, shown, lines });
  }, [at, shown, lines, format]);
  useEffect(() => {
    let unmounted = false;
    const resized = new ResizeObserver(([entry]) => entry && handle.current?.setWidth(entry.contentRect.width));
    void import("./uplot").then(({ openChart }) => {
      if (unmounted || !host.current) return;
      const format = (value: number) => latest.current.format(value);
      handle.current = openChart(host.current, latest.current, { height: HEIGHT, format, onHover: setHovered });
      resized.observe(host.current);
    });
    return () => {
      unmounted = true;
      resized.disconnect();
      handle.current?.close();
      handle.current = undefined;
    };
  }, []);

  return (
    <figure className="flex flex-col gap-1 px-3 py-2.5">
      <figcaption className="sr-only">{label}</figcaption>
      <div ref={host} aria-hidden className="min-w-0 overflow-hidden" style={{ height: HEIGHT }} />
      <ul className="flex flex-wrap gap-x-4 gap-y-0.5 px-1 text-xs">
        {lines.map(({ label: name, tone, values }) => (
          <li key={name} className="flex items-center gap-1.5 tabular-nums">
            <span aria-hidden className={`size-2 rounded-full ${DOTS[tone]}`} />
            <span className="text-muted">{name}</span>
            {valueAt(values, hovered, format)}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function valueAt(
  values: ChartData["lines"][number]["values"],
  index: number | undefined,
  format: ChartProps["format"],
) {
  const value = index === undefined ? values.findLast((each) => each !== null) : values[index];
  return value === null || value === undefined ? "–" : format(value);
}
