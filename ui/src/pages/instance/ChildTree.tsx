import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useState } from "react";
import type { InstanceDetail, InstanceSummary } from "../../api/client";
import { childrenQuery } from "../../api/queries";
import { duration } from "../../lib/format";
import { Loaded } from "../../ui/Loaded";
import { Empty } from "../../ui/Page";
import { StatusBadge } from "../../ui/StatusBadge";
import { Time } from "../../ui/Time";

const INDENT_PX = 20;

/** Sub-orchestrations, and theirs, a level at a time. */
export function ChildTree({ instance: { id, updatedAt } }: { instance: InstanceDetail }) {
  const query = useQuery(childrenQuery(id, updatedAt));
  return (
    <Loaded query={query}>
      {({ instances }) =>
        instances.length === 0 ? (
          <Empty title="It has started no sub-orchestrations.">
            A workflow that starts another and waits for it is its parent.
          </Empty>
        ) : (
          <div className="card py-1">
            <Level id={id} updatedAt={updatedAt} depth={0} />
          </div>
        )
      }
    </Loaded>
  );
}

function Level({ id, updatedAt, depth }: { id: string; updatedAt: string; depth: number }) {
  const query = useQuery(childrenQuery(id, updatedAt));
  return (
    <Loaded query={query}>
      {({ instances, next }) => (
        <ul>
          {instances.map((child) => (
            <Child key={child.id} child={child} depth={depth} />
          ))}
          {instances.length === 0 && (
            <li className="py-1 text-muted text-xs" style={{ paddingLeft: depth * INDENT_PX + 40 }}>
              It has started none.
            </li>
          )}
          {next && (
            <li style={{ paddingLeft: depth * INDENT_PX + 40 }}>
              <Link to="/instances" search={{ q: `parent:${id}` }} className="link block py-1">
                Show all children of {id}
              </Link>
            </li>
          )}
        </ul>
      )}
    </Loaded>
  );
}

function Child({ child, depth }: { child: InstanceSummary; depth: number }) {
  const [open, setOpen] = useState(false);
  const Chevron = open ? ChevronDown : ChevronRight;
  const { createdAt, completedAt } = child;
  return (
    <li>
      <div
        className="flex items-center gap-3 py-1 pr-4 hover:bg-raised"
        style={{ paddingLeft: depth * INDENT_PX + 10 }}
      >
        <button
          type="button"
          aria-expanded={open}
          aria-label={`Children of ${child.id}`}
          className="rounded p-0.5 text-muted hover:text-ink"
          onClick={() => setOpen(!open)}
        >
          <Chevron aria-hidden className="size-4" />
        </button>
        <span className="w-28 shrink-0">
          <StatusBadge status={child.status} setAside={child.setAside} />
        </span>
        <span className="w-40 shrink-0 truncate">{child.name}</span>
        <Link to="/instances/$id" params={{ id: child.id }} className="link min-w-0 flex-1 truncate font-mono text-xs">
          {child.id}
        </Link>
        <span className="shrink-0 text-muted text-xs tabular-nums">
          {completedAt ? (
            duration(Date.parse(completedAt) - Date.parse(createdAt))
          ) : (
            <>
              since <Time at={createdAt} />
            </>
          )}
        </span>
      </div>
      {open && <Level id={child.id} updatedAt={child.updatedAt} depth={depth + 1} />}
    </li>
  );
}
