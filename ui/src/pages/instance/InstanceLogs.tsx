import type { InstanceDetail } from "../../api/client";
import { type LogTail, useLogTail } from "../../api/logTail";
import { count } from "../../lib/format";
import { ProblemNote } from "../../ui/Loaded";
import { LogLines } from "../../ui/LogLines";

const WORDS: Record<LogTail["state"], string> = {
  loading: "loading…",
  following: "new lines appear as they are printed",
  ended: "the instance has ended",
  paused: "paused",
  failed: "interrupted, trying again…",
};

/** What the functions printed that the instance called. */
export function InstanceLogs({ instance: { id, completedAt } }: { instance: InstanceDetail }) {
  const address = `/api/v1/instances/${encodeURIComponent(id)}/logs`;
  const { lines, state, error } = useLogTail(address, completedAt ?? "");
  if (error && lines.length === 0) return <ProblemNote error={error} />;
  return (
    <div className="flex flex-col gap-2">
      <p role="status" className="text-muted text-xs">
        {count(lines.length)} lines, {WORDS[state]}
      </p>
      {state !== "loading" && <LogLines lines={lines} />}
    </div>
  );
}
