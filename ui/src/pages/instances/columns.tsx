import type { ReactNode } from "react";
import type { InstanceSummary } from "../../api/client";
import { duration } from "../../lib/format";
import { formatTags } from "../../lib/tags";
import { StatusBadge } from "../../ui/StatusBadge";
import { Time, useNow } from "../../ui/Time";

export interface Column {
  /** Its name in the URL. */
  key: string;
  label: string;
  width: string;
  cell: (row: InstanceSummary, text: CellContext) => ReactNode;
}

export interface CellContext {
  /** The part of ids that is looked for, if any. */
  idPart: string | undefined;
}

function Muted({ children }: { children: ReactNode }) {
  return <span className="text-muted">{children}</span>;
}

export const COLUMNS: readonly Column[] = [
  {
    key: "status",
    label: "Status",
    width: "8rem",
    cell: ({ status, setAside }) => <StatusBadge status={status} setAside={setAside} />,
  },
  { key: "name", label: "Workflow", width: "minmax(7rem,1fr)", cell: ({ name }) => name },
  {
    key: "id",
    label: "Id",
    width: "minmax(12rem,1.6fr)",
    cell: ({ id }, { idPart }) => <Found text={id} part={idPart} />,
  },
  { key: "version", label: "Version", width: "8rem", cell: ({ version }) => <Muted>{version}</Muted> },
  {
    key: "started",
    label: "Started",
    width: "7rem",
    cell: ({ createdAt }) => (
      <Muted>
        <Time at={createdAt} />
      </Muted>
    ),
  },
  {
    key: "changed",
    label: "Changed",
    width: "7rem",
    cell: ({ updatedAt }) => (
      <Muted>
        <Time at={updatedAt} />
      </Muted>
    ),
  },
  {
    key: "ended",
    label: "Ended",
    width: "7rem",
    cell: ({ completedAt }) => (
      <Muted>
        <Time at={completedAt} />
      </Muted>
    ),
  },
  { key: "took", label: "Took", width: "6.5rem", cell: (row) => <Took row={row} /> },
  {
    key: "custom",
    label: "Custom status",
    width: "minmax(6rem,1fr)",
    cell: (row) => <Muted>{customStatus(row)}</Muted>,
  },
  { key: "parent", label: "Parent", width: "minmax(7rem,1fr)", cell: ({ parentId }) => <Muted>{parentId}</Muted> },
  { key: "tags", label: "Tags", width: "minmax(8rem,1fr)", cell: ({ tags }) => <Muted>{formatTags(tags)}</Muted> },
];

const DEFAULT = "status,name,id,started,took,custom";
const TAG = "tag:";

function tagColumn(key: string): Column {
  const name = key.slice(TAG.length);
  return {
    key,
    label: name,
    width: "minmax(6rem,1fr)",
    cell: ({ tags }) => (Object.hasOwn(tags, name) ? tags[name] : <Muted>–</Muted>),
  };
}

/** The columns that the URL names; the usual ones when it names none. */
export function chosenColumns(keys: string | undefined): Column[] {
  const chosen = (keys ?? DEFAULT).split(",").flatMap((key) => {
    if (key.startsWith(TAG) && key.length > TAG.length) return [tagColumn(key)];
    return COLUMNS.find((column) => column.key === key) ?? [];
  });
  return chosen.length > 0 ? chosen : chosenColumns(undefined);
}

/** The keys for the URL, in the order of the columns, tags last; undefined for the usual ones. */
export function columnKeys(keys: ReadonlySet<string>): string | undefined {
  const known = COLUMNS.map(({ key }) => key).filter((key) => keys.has(key));
  const tags = [...keys].filter((key) => key.startsWith(TAG));
  const text = [...known, ...tags].join(",");
  return text === DEFAULT || text === "" ? undefined : text;
}

function customStatus({ customStatus: value }: InstanceSummary): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? flatText(value) : String(value);
}

/** `state: Paid` for an object of plain values, JSON for anything deeper. */
function flatText(value: object): string {
  const fields = Object.entries(value);
  const plain = !Array.isArray(value) && fields.every(([, each]) => typeof each !== "object");
  return plain ? fields.map(([key, each]) => `${key}: ${each}`).join(", ") : JSON.stringify(value);
}

/** Until now, for what has not ended. */
function Took({ row: { createdAt, completedAt } }: { row: InstanceSummary }) {
  const now = useNow();
  const until = completedAt ? Date.parse(completedAt) : now.getTime();
  const text = duration(Math.max(0, until - Date.parse(createdAt)));
  return <span className={`tabular-nums ${completedAt ? "text-muted" : "text-busy"}`}>{text}</span>;
}

/** An id, with the part that was looked for marked. */
function Found({ text, part }: { text: string; part: string | undefined }) {
  const at = part ? text.toLowerCase().indexOf(part.toLowerCase()) : -1;
  if (!part || at < 0) return <span className="font-mono text-xs">{text}</span>;
  return (
    <span className="font-mono text-xs">
      {text.slice(0, at)}
      <mark className="rounded-xs bg-wait/25 text-ink">{text.slice(at, at + part.length)}</mark>
      {text.slice(at + part.length)}
    </span>
  );
}
