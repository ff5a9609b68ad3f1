import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { type SeriesOf, type Span, seriesQuery } from "../api/catalog";
import type { Series } from "../api/client";
import { isQuiet, rates, shortNumber, shortSeconds } from "../lib/series";
import { Chart } from "./Chart";
import { Loaded } from "./Loaded";
import { Section } from "./Page";
import { Segments } from "./Segments";
import type { Line } from "./uplot";

type Named = Omit<Line, "values"> & {
  name: string;
  /** Left out where it did not happen. */
  rare?: boolean;
};

export interface Figure {
  title: string;
  lines: readonly Named[];
  /** Numbers of a step are shown as rates, seconds and levels as they are. */
  kind: "rate" | "seconds" | "level";
}

const RUNS: readonly Named[] = [
  { name: "started", label: "started", tone: "busy" },
  { name: "completed", label: "completed", tone: "good", filled: true },
  { name: "failed", label: "failed", tone: "bad" },
  { name: "terminated", label: "terminated", tone: "stop", rare: true },
];

const TOOK: readonly Named[] = [
  { name: "p50Seconds", label: "p50", tone: "accent", filled: true },
  { name: "p95Seconds", label: "p95", tone: "wait" },
];

export const THROUGHPUT: Figure = { title: "Throughput", lines: RUNS, kind: "rate" };
export const DURATION: Figure = { title: "Duration", lines: TOOK, kind: "seconds" };
export const LATENCY: Figure = { title: "Latency", lines: TOOK, kind: "seconds" };
export const CALLS: Figure = {
  title: "Calls",
  lines: [
    { name: "calls", label: "calls", tone: "busy", filled: true },
    { name: "callsFailed", label: "failed", tone: "bad" },
  ],
  kind: "rate",
};

const SPANS: Record<Span, string> = { hour: "Hour", day: "Day" };
const SPAN_SECONDS: Record<Span, number> = { hour: 3600, day: 86_400 };

interface SeriesChartsProps {
  of: SeriesOf;
  figures: readonly Figure[];
}

/** Charts of what the server or one of its parts does. */
export function SeriesCharts({ of, figures }: SeriesChartsProps) {
  const [span, setSpan] = useState<Span>("hour");
  const query = useQuery(seriesQuery(of, span));
  return (
    <div className="grid gap-4 md:grid-cols-2 md:max-xl:[&>:last-child:nth-child(odd)]:col-span-2 xl:grid-flow-col xl:auto-cols-fr xl:grid-cols-none">
      {figures.map((figure, index) => (
        <Section
          key={figure.title}
          title={figure.title}
          aside={index === 0 && <Segments label="Time" choices={SPANS} value={span} onValue={setSpan} />}
        >
          <Loaded query={query}>{(series) => <FigureChart series={series} figure={figure} span={span} />}</Loaded>
        </Section>
      ))}
    </div>
  );
}

interface FigureChartProps {
  series: Series;
  figure: Figure;
  span: Span;
}

function FigureChart({ series, figure, span }: FigureChartProps) {
  const { lines, format } = useMemo(() => drawn(series, figure), [series, figure]);
  const shown = useMemo((): [number, number] => {
    const to = series.at.at(-1) ?? Date.now() / 1000;
    // What began a moment ago is not shown at the edge of an empty hour.
    const from = Math.min(series.at[0] ?? to, to - SPAN_SECONDS[span] / 6);
    return [Math.max(from, to - SPAN_SECONDS[span]), to];
  }, [series, span]);
  const quiet = isQuiet(
    series,
    figure.lines.map(({ name }) => name),
  );
  return (
    <div className="relative">
      <Chart label={figure.title} at={series.at} shown={shown} lines={lines} format={format} />
      {quiet && (
        <p className="pointer-events-none absolute inset-x-0 top-1/2 text-center text-muted text-xs">
          nothing in this time
        </p>
      )}
    </div>
  );
}

function drawn(series: Series, { lines: all, kind }: Figure): { lines: Line[]; format: (value: number) => string } {
  const lines = all.filter(({ name, rare }) => !rare || series.series[name]?.some(Boolean));
  const names = lines.map(({ name }) => name);
  if (kind === "rate") {
    const { unit, of } = rates(series, names);
    const shown = lines.map(({ name, ...line }) => ({ ...line, values: of(name) }));
    return { lines: shown, format: (value) => `${shortNumber(value)}${unit}` };
  }
  const shown = lines.map(({ name, ...line }) => ({ ...line, values: series.series[name] ?? [] }));
  return { lines: shown, format: kind === "seconds" ? shortSeconds : shortNumber };
}
