import type { LiveState } from "../../api/live";

const WORDS: Partial<Record<LiveState, string>> = {
  live: "live",
  reconnecting: "reconnecting…",
  paused: "paused",
};

/** Whether what is shown is kept fresh. */
export function LiveMark({ state }: { state: LiveState }) {
  const words = WORDS[state];
  if (!words) return null;
  const live = state === "live";
  return (
    <span role="status" className={`flex items-center gap-1.5 text-xs ${live ? "text-muted" : "text-wait"}`}>
      <span aria-hidden className={`size-1.5 rounded-full ${live ? "bg-good" : "bg-wait"}`} />
      {words}
    </span>
  );
}
