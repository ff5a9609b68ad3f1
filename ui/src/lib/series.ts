import type { Series } from "../api/client";

export interface Rates {
  /** What one value means. */
  unit: "/s" | "/min";
  of: (name: string) => (number | null)[];
}

/** Numbers of a step as rates: for a second, or for a minute where little happens. */
export function rates({ stepSeconds, series }: Series, names: readonly string[]): Rates {
  const most = Math.max(0, ...names.flatMap((name) => series[name] ?? []).map((value) => value ?? 0));
  const unit = most / stepSeconds >= 1 ? "/s" : "/min";
  const factor = (unit === "/s" ? 1 : 60) / stepSeconds;
  return { unit, of: (name) => (series[name] ?? []).map((value) => (value === null ? null : value * factor)) };
}

/** Three digits at most, so that axes stay narrow. */
export function shortNumber(value: number): string {
  if (value >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (value >= 1e3) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)));
}

/** Seconds as an axis has them. */
export function shortSeconds(seconds: number): string {
  if (seconds === 0) return "0";
  if (seconds < 1) return `${trimmed(seconds * 1e3)} ms`;
  if (seconds < 120) return `${trimmed(seconds)} s`;
  if (seconds < 7200) return `${trimmed(seconds / 60)} min`;
  return `${trimmed(seconds / 3600)} h`;
}

export function isQuiet({ series }: Series, names: readonly string[]): boolean {
  return names.every((name) => (series[name] ?? []).every((value) => !value));
}
