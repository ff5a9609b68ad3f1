import { duration } from "../../lib/format";
import { endOf, type Step, startOf } from "./steps";

/** A stretch of time, and where it is drawn: 0 is the left end of everything, 1 the right end. */
interface Stretch {
  from: number;
  to: number;
  left: number;
  right: number;
  squeezed: boolean;
}

export interface Scale {
  from: number;
  to: number;
  stretches: readonly Stretch[];
}

/** What is drawn of it, as parts of the whole. */
export interface Span {
  left: number;
  right: number;
}

/** Waits shorter than this part of what is not waiting are left as they are. */
const MIN_GAP = 0.05;
/** What a squeezed wait is as wide as, and what all of them are together at most. */
const SQUEEZED = 0.03;
const ALL_SQUEEZED = 0.3;
const MIN_GAP_MS = 200;

/** Time as it is. */
export function plainScale(from: number, to: number): Scale {
  return { from, to, stretches: [{ from, to, left: 0, right: 1, squeezed: false }] };
}

/** Time in which nothing works, because all wait, is squeezed. */
export function collapsedScale(steps: readonly Step[], from: number, to: number): Scale {
  const busy = busyTimes(steps, from, to);
  const worked = busy.reduce((sum, [start, end]) => sum + end - start, 0);
  const shortest = Math.max(worked * MIN_GAP, MIN_GAP_MS);
  const cuts: { from: number; to: number; squeezed: boolean }[] = [];
  let at = from;
  for (const [start, end] of [...busy, [to, to] as const]) {
    if (start - at > shortest) {
      if (cuts.length === 0 && at > from) cuts.push({ from, to: at, squeezed: false });
      cuts.push({ from: at, to: start, squeezed: true });
      cuts.push({ from: start, to: end, squeezed: false });
    } else {
      const last = cuts.at(-1);
      if (last) last.to = Math.max(last.to, end);
      else cuts.push({ from, to: end, squeezed: false });
    }
    at = Math.max(at, end);
  }
  return placed(
    cuts.filter((cut) => cut.to > cut.from),
    from,
    to,
    Math.max(worked, 1),
  );
}

function placed(
  cuts: { from: number; to: number; squeezed: boolean }[],
  from: number,
  to: number,
  worked: number,
): Scale {
  if (cuts.length === 0) return plainScale(from, to);
  const waits = cuts.filter(({ squeezed }) => squeezed).length;
  const wait = worked * Math.min(SQUEEZED, ALL_SQUEEZED / Math.max(waits, 1));
  const weight = (cut: (typeof cuts)[number]) => (cut.squeezed ? wait : cut.to - cut.from);
  const total = cuts.reduce((sum, cut) => sum + weight(cut), 0) || 1;
  let left = 0;
  const stretches = cuts.map((cut) => {
    const right = left + weight(cut) / total;
    const stretch = { ...cut, left, right };
    left = right;
    return stretch;
  });
  return { from, to, stretches };
}

/** When anything but waiting went on, without overlaps. */
function busyTimes(steps: readonly Step[], from: number, to: number): [number, number][] {
  const times = steps
    .filter(({ kind }) => kind !== "timer" && kind !== "lock")
    .flatMap(({ attempts }) => attempts.map(({ start, end }) => [start, end ?? to] as [number, number]))
    .sort(([a], [b]) => a - b);
  const united: [number, number][] = [];
  for (const [start, end] of times) {
    const last = united.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else united.push([Math.max(start, from), Math.min(end, to)]);
  }
  return united;
}

export function toPart({ stretches, from }: Scale, time: number): number {
  if (time <= from) return 0;
  const stretch = stretches.find((each) => time <= each.to);
  if (!stretch) return 1;
  const length = stretch.to - stretch.from || 1;
  return stretch.left + ((time - stretch.from) / length) * (stretch.right - stretch.left);
}

export function toTime({ stretches, to }: Scale, part: number): number {
  const stretch = stretches.find(({ right }) => part <= right);
  if (!stretch) return to;
  const width = stretch.right - stretch.left || 1;
  return stretch.from + ((part - stretch.left) / width) * (stretch.to - stretch.from);
}

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3,
  7200e3, 10_800e3, 21_600e3, 43_200e3, 86_400e3, 172_800e3, 604_800e3, 2_592_000e3,
];
const MAX_TICKS = 100;

export interface Tick {
  /** Where, as a part of the whole. */
  at: number;
  label: string;
}

/** Round times since the start within what is drawn, not too near to each other; none within squeezed waits. */
export function ticks(scale: Scale, span: Span, wanted = 7): Tick[] {
  const seen = scale.stretches
    .filter(({ squeezed, left, right }) => !squeezed && right > span.left && left < span.right)
    .map(({ left, right }) => [toTime(scale, Math.max(left, span.left)), toTime(scale, Math.min(right, span.right))])
    .map(([from = 0, to = 0]) => [from - scale.from, to - scale.from] as const);
  const length = seen.reduce((sum, [from, to]) => sum + to - from, 0);
  const step = STEPS_MS.find((each) => length / each <= wanted) ?? length / wanted;
  const nearest = (span.right - span.left) / (wanted * 2);
  const found: Tick[] = [];
  for (const [from, to] of seen) {
    for (let since = Math.ceil(from / step) * step; since <= to && found.length < MAX_TICKS; since += step) {
      const at = toPart(scale, scale.from + since);
      const before = found.at(-1);
      if (!before || at - before.at > nearest) found.push({ at, label: tickText(since, step) });
    }
  }
  return found;
}

/** A time since the start, as exact as the distance of the ticks asks for. */
export function tickText(since: number, step: number): string {
  if (since === 0) return "0";
  if (step >= 60e3) return duration(since);
  if (since < 1e3) return `${Math.round(since)} ms`;
  const digits = step >= 1e3 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  if (since < 60e3) return `${(since / 1e3).toFixed(digits)} s`;
  const seconds = ((since % 60e3) / 1e3).toFixed(digits).padStart(digits > 0 ? digits + 3 : 2, "0");
  const minutes = Math.floor(since / 60e3);
  if (minutes < 60) return `${minutes}:${seconds}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}

export const WHOLE: Span = { left: 0, right: 1 };
const NARROWEST = 1e-5;

/** Nearer (factor below 1) or farther, with one place staying where it is. */
export function zoomed({ left, right }: Span, factor: number, around: number): Span {
  const width = Math.min(1, Math.max(NARROWEST, (right - left) * factor));
  const share = (around - left) / (right - left || 1);
  return panned({ left: around - share * width, right: around - share * width + width }, 0);
}

/** Moved by a part of its width, within the whole. */
export function panned({ left, right }: Span, by: number): Span {
  const width = Math.min(1, right - left);
  const start = Math.min(Math.max(0, left + by * width), 1 - width);
  return { left: start, right: start + width };
}

/** How many steps were open at each of the parts of the whole, and how many failed in it. */
export function density(steps: readonly Step[], scale: Scale, parts: number): { open: number[]; failed: boolean[] } {
  const change = new Array<number>(parts + 1).fill(0);
  const failed = new Array<boolean>(parts).fill(false);
  const at = (time: number) => Math.min(parts - 1, Math.floor(toPart(scale, time) * parts));
  for (const step of steps) {
    const end = at(endOf(step) ?? scale.to);
    change[at(startOf(step))] = (change[at(startOf(step))] ?? 0) + 1;
    change[end + 1] = (change[end + 1] ?? 0) - 1;
    if (step.attempts.some(({ outcome }) => outcome === "failed")) failed[end] = true;
  }
  let open = 0;
  return {
    open: change.slice(0, parts).map((by) => {
      open += by;
      return open;
    }),
    failed,
  };
}
