import { Link } from "@tanstack/react-router";
import type { InstanceSummary } from "../api/client";
import { StatusBadge } from "./StatusBadge";
import { Time } from "./Time";

interface ShortListProps {
  instances: readonly InstanceSummary[];
  /** Which of its times is shown. */
  time?: "updatedAt" | "createdAt";
  /** For a narrow place: without the workflow's name. */
  narrow?: boolean;
  /** Without the workflow's name where it is the same for all. */
  sameWorkflow?: boolean;
}

const WIDE = "grid-cols-[7.5rem_minmax(0,1fr)_minmax(0,2fr)_6rem]";
const NARROW = "grid-cols-[7.5rem_minmax(0,1fr)_5.5rem]";

/** A few instances, each leading to its page. */
export function ShortList({ instances, time = "updatedAt", narrow = false, sameWorkflow = false }: ShortListProps) {
  const columns = narrow || sameWorkflow ? NARROW : WIDE;
  return (
    <ul className="divide-y divide-line/60">
      {instances.map((row) => (
        <li key={row.id}>
          <Link
            to="/instances/$id"
            params={{ id: row.id }}
            preload={false}
            className={`grid ${columns} items-center gap-3 px-4 py-1.5 -outline-offset-2 hover:bg-raised/60`}
          >
            <StatusBadge status={row.status} setAside={row.setAside} />
            {!narrow && !sameWorkflow && <span className="truncate">{row.name}</span>}
            <span className="truncate">
              {narrow && <span className="mr-2">{row.name}</span>}
              <span className="font-mono text-xs">{row.id}</span>
            </span>
            <span className="truncate text-right text-muted text-xs">
              <Time at={row[time]} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
