import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Line {
  label: string;
  /** The name of a colour of the theme. */
  tone: "good" | "bad" | "busy" | "wait" | "muted" | "accent" | "stop";
  values: readonly (number | null)[];
  filled?: boolean;
}

export interface ChartData {
  /** Unix seconds. */
  at: readonly number[];
  /** What the chart's width stands for, in unix seconds. */
  shown: readonly [from: number, to: number];
  lines: readonly Line[];
}

interface Options {
  height: number;
  format: (value: number) => string;
  /** The step that is pointed at. */
  onHover: (index: number | undefined) => void;
}

export interface ChartHandle {
  setData: (data: ChartData) => void;
  setWidth: (width: number) => void;
  close: () => void;
}

/** A canvas knows no variables: the colour as the browser makes it of one. */
function themeColour(host: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(--color-${name})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function translucent(colour: string): string {
  return colour.replace("rgb(", "rgba(").replace(")", ", 0.12)");
}

/** Values with none before and after are points: no line leads to them. */
function lonely(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  const none = (index: number) => values[index] === null || values[index] === undefined;
  return Array.from(values.keys()).filter((index) => !none(index) && none(index - 1) && none(index + 1));
}

function optionsOf(host: HTMLElement, data: () => ChartData, { height, format, onHover }: Options): uPlot.Options {
  const muted = themeColour(host, "muted");
  const { lines } = data();
  const grid = { stroke: themeColour(host, "line"), width: 1 };
  const font = `11px ${getComputedStyle(host).fontFamily}`;
  const axis = { stroke: muted, font, grid, ticks: { show: false } };
  return {
    width: host.clientWidth,
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: "figures" }, points: { size: 6 } },
    scales: {
      x: { range: () => [...data().shown] },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
    },
    axes: [
      { ...axis, space: 70, values: "{HH}:{mm}", size: 26 },
      { ...axis, size: 48, space: 28, values: (_, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, tone, filled }) => {
        const stroke = themeColour(host, tone);
        return {
          label,
          stroke,
          width: 1.5,
          points: { show: true, size: 4, fill: stroke, filter: lonely },
          ...(filled && { fill: translucent(stroke) }),
        };
      }),
    ],
    hooks: { setCursor: [({ cursor: { idx } }) => onHover(idx ?? undefined)] },
  };
}

function aligned({ at, lines }: ChartData): uPlot.AlignedData {
  return [[...at], ...lines.map(({ values }) => [...values])];
}

export function openChart(host: HTMLElement, initial: ChartData, options: Options): ChartHandle {
  let data = initial;
  const draw = () =>
    new uPlot(
      optionsOf(host, () => data, options),
      aligned(data),
      host,
    );
  let plot = draw();
  const redraw = () => {
    plot.destroy();
    plot = draw();
  };
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", redraw);
  const theme = new MutationObserver(redraw);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return {
    setData: (next) => {
      data = next;
      plot.setData(aligned(next));
    },
    setWidth: (width) => plot.setSize({ width, height: options.height }),
    close: () => {
      scheme.removeEventListener("change", redraw);
      theme.disconnect();
      plot.destroy();
    },
  };
}
