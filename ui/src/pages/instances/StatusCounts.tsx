import { useQuery } from "@tanstack/react-query";
import type { Status } from "../../api/client";
import { useSummary } from "../../api/live";
import { countsQuery } from "../../api/queries";
import { STATUSES, withStatuses } from "../../lib/filter";
import { count } from "../../lib/format";
import { StatusBadge } from "../../ui/StatusBadge";

interface StatusCountsProps {
  text: string;
  selected: readonly Status[];
  onToggle: (status: Status) => void;
}

/** How many there are of each status, whatever statuses are selected. The server's stream says it of all instances. */
function useCounts(text: string) {
  const summary = useSummary();
  const { data } = useQuery({ ...countsQuery(text), enabled: text !== "" });
  return text === "" ? summary?.counts : data;
}

/** Counts by status; a click selects. */
export function StatusCounts({ text, selected, onToggle }: StatusCountsProps) {
  const counts = useCounts(withStatuses(text, []));
  const shown = STATUSES.filter((status) => (counts?.byStatus[status] ?? 0) > 0 || selected.includes(status));
  return (
    <fieldset className="flex min-h-7 flex-wrap gap-1.5">
      <legend className="sr-only">Status</legend>
      {shown.map((status) => (
        <button
          key={status}
          type="button"
          aria-pressed={selected.includes(status)}
          className="card flex h-7 items-center gap-2 px-2.5 hover:bg-raised aria-pressed:border-accent aria-pressed:bg-accent/10"
          onClick={() => onToggle(status)}
        >
          <StatusBadge status={status} />
          <span className="tabular-nums">{count(counts?.byStatus[status] ?? 0)}</span>
        </button>
      ))}
    </fieldset>
  );
}
