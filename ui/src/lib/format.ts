const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const NUMBER = new Intl.NumberFormat("en");
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400e3],
  ["hour", 3600e3],
  ["minute", 60e3],
  ["second", 1e3],
];

export function relativeTime(at: Date, now: Date): string {
  const distance = at.getTime() - now.getTime();
  for (const [unit, ms] of STEPS) {
    if (Math.abs(distance) >= ms) return RELATIVE.format(Math.trunc(distance / ms), unit);
  }
  return "now";
}

/** In the viewer's zone. */
export function exactTime(at: Date): string {
  return EXACT.format(at);
}

/** In another zone, with its name; in the viewer's when the zone is not known here. */
export function zonedTime(at: Date, timeZone: string): string {
  try {
    const format = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone });
    return `${format.format(at)} ${timeZone}`;
  } catch {
    return exactTime(at);
  }
}

/** The time of day with milliseconds, in the viewer's zone. */
export function clockTime(at: Date): string {
  return `${CLOCK.format(at)}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

export function duration(ms: number): string {
  if (ms < 1e3) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1e3).toFixed(ms < 10e3 ? 1 : 0)} s`;
  if (ms < 3600e3) return `${Math.floor(ms / 60e3)} min ${Math.floor((ms % 60e3) / 1e3)} s`;
  if (ms < 86_400e3) return `${Math.floor(ms / 3600e3)} h ${Math.floor((ms % 3600e3) / 60e3)} min`;
  return `${Math.floor(ms / 86_400e3)} d ${Math.floor((ms % 86_400e3) / 3600e3)} h`;
}

export function count(value: number): string {
  return NUMBER.format(value);
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), units.length - 1);
  const scaled = value / 1024 ** power;
  return `${scaled.toFixed(power > 0 && scaled < 100 ? 1 : 0)} ${units[power]}`;
}
