import { useSyncExternalStore } from "react";
import { exactTime, relativeTime } from "../lib/format";

const TICK_MS = 1000;
let now = new Date();

/** One clock for all times on the page. */
function subscribe(notify: () => void): () => void {
  const timer = setInterval(() => {
    now = new Date();
    notify();
  }, TICK_MS);
  return () => clearInterval(timer);
}

export function useNow(): Date {
  return useSyncExternalStore(subscribe, () => now);
}

/** A time as people say it; exact, in the viewer's zone, on hover. */
export function Time({ at }: { at: string | null | undefined }) {
  const clock = useNow();
  if (!at) return <span className="text-muted">–</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={exactTime(date)}>
      {relativeTime(date, clock)}
    </time>
  );
}
