import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowUp } from "lucide-react";
import { memo, useEffect, useMemo, useRef, useState } from "react";
import type { InstanceSummary } from "../../api/client";
import type { ListOrder } from "../../api/queries";
import { parseFilter } from "../../lib/filter";
import { count } from "../../lib/format";
import { Button } from "../../ui/Button";
import { ProblemNote } from "../../ui/Loaded";
import { Command, Empty } from "../../ui/Page";
import { Skeleton } from "../../ui/Skeleton";
import { type Column, chosenColumns } from "./columns";
import { useListKeys } from "./useListKeys";
import { useRows } from "./useRows";

const ROW_PX = 34;
const HEAD_PX = 30;
/** Rows before the end at which the next page is asked for. */
const AHEAD = 30;

interface InstanceListProps {
  text: string;
  order: ListOrder;
  /** Keys of columns, as the URL has them. */
  columns: string | undefined;
  selected: ReadonlySet<string>;
  onSelected: (selected: ReadonlySet<string>) => void;
  toggle: (id: string) => void;
  /** Told which tags the loaded rows have. */
  onTags: (keys: string[]) => void;
}

export function InstanceList({ text, order, columns: keys, selected, ...rest }: InstanceListProps) {
  const { onSelected, toggle, onTags } = rest;
  const scroller = useRef<HTMLDivElement>(null);
  const [atTop, setAtTop] = useState(true);
  const { rows, held, showHeld, error, isPending, isPlaceholderData, ...pages } = useRows(text, order, atTop);
  const { hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = pages;
  const columns = useMemo(() => chosenColumns(keys), [keys]);
  const template = `2rem ${columns.map(({ width }) => width).join(" ")}`;
  const idPart = useMemo(() => parseFilter(text, new Date()).filter.idContains, [text]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => rows[index]?.id ?? index,
    estimateSize: () => ROW_PX,
    overscan: 12,
    // The head stands above the rows, and stays when they scroll.
    scrollMargin: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useListKeys({ scroller, rows, scrollTo: (index) => virtual.scrollToIndex(index), toggle });

  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= rows.length - AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, last, rows.length]);
  useTagKeys(rows, onTags);

  if (error) return <ProblemNote error={error} onRetry={() => void refetch()} />;
  if (isPending) return <div className="card">{<Skeleton rows={12} />}</div>;
  if (rows.length === 0) return <NoInstances filtered={text !== ""} />;
  const all = rows.length > 0 && rows.every(({ id }) => selected.has(id));
  return (
    <div
      className={`card relative flex min-h-80 flex-1 flex-col overflow-hidden ${isPlaceholderData ? "opacity-60" : ""}`}
    >
      <div
        ref={scroller}
        className="min-h-0 flex-1 overflow-auto"
        onScroll={({ currentTarget }) => setAtTop(currentTarget.scrollTop < ROW_PX)}
      >
        <table aria-label="Instances" aria-rowcount={rows.length + 1} className="block min-w-[52rem] text-left">
          <thead className="sticky top-0 z-10 block border-line border-b bg-surface">
            <tr
              className="grid items-center gap-3 px-4 text-muted text-xs"
              style={{ gridTemplateColumns: template, height: HEAD_PX - 1 }}
            >
              <th scope="col" className="flex">
                <input
                  type="checkbox"
                  aria-label="Select all rows that are loaded"
                  className="size-3.5 accent-solid"
                  checked={all}
                  onChange={() => onSelected(new Set(all ? [] : rows.map(({ id }) => id)))}
                />
              </th>
              {columns.map(({ key, label }) => (
                <th key={key} scope="col" className="truncate font-medium">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="relative block" style={{ height: virtual.getTotalSize() }}>
            {items.map(({ index, start, key }) => {
              const row = rows[index];
              return (
                row && (
                  <Row
                    key={key}
                    index={index}
                    top={start - HEAD_PX}
                    row={row}
                    columns={columns}
                    template={template}
                    idPart={idPart}
                    selected={selected.has(row.id)}
                    toggle={toggle}
                  />
                )
              );
            })}
          </tbody>
        </table>
      </div>
      <p role="status" className="border-line border-t px-4 py-1.5 text-muted text-xs tabular-nums">
        {count(rows.length)} loaded{hasNextPage ? ", more as you scroll" : ", no more"}
      </p>
      {held > 0 && (
        <Button
          look="solid"
          small
          className="absolute! top-10 left-1/2 z-20 -translate-x-1/2 rounded-full! shadow-md"
          onClick={() => {
            showHeld();
            virtual.scrollToOffset(0);
          }}
        >
          <ArrowUp aria-hidden className="size-3.5" /> {count(held)} new
        </Button>
      )}
    </div>
  );
}

/** Which tags there are to make columns of. */
function useTagKeys(rows: readonly InstanceSummary[], onTags: (keys: string[]) => void): void {
  const keys = [...new Set(rows.flatMap(({ tags }) => Object.keys(tags)))].sort().join("\n");
  useEffect(() => onTags(keys === "" ? [] : keys.split("\n")), [keys, onTags]);
}

interface RowProps {
  index: number;
  top: number;
  row: InstanceSummary;
  columns: readonly Column[];
  template: string;
  idPart: string | undefined;
  selected: boolean;
  toggle: (id: string) => void;
}

/** The link of one cell covers the whole row, but for the box. */
const Row = memo(({ index, top, row, columns, template, idPart, selected, toggle }: RowProps) => {
  const linked = columns.some(({ key }) => key === "id") ? "id" : columns[0]?.key;
  return (
    <tr
      data-index={index}
      aria-rowindex={index + 2}
      className="absolute inset-x-0 grid items-center gap-3 border-line/60 border-b px-4 hover:bg-raised/60 has-checked:bg-accent/8"
      style={{ height: ROW_PX, transform: `translateY(${top}px)`, gridTemplateColumns: template }}
    >
      <td className="relative z-1 flex">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${row.id}`}
          className="size-3.5 accent-solid"
          checked={selected}
          onChange={() => toggle(row.id)}
        />
      </td>
      {columns.map(({ key, cell }) => (
        <td key={key} className="min-w-0 truncate">
          {key === linked ? (
            <Link
              to="/instances/$id"
              params={{ id: row.id }}
              preload={false}
              aria-label={row.id}
              className="outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
            >
              {cell(row, { idPart })}
            </Link>
          ) : (
            cell(row, { idPart })
          )}
        </td>
      ))}
    </tr>
  );
});

function NoInstances({ filtered }: { filtered: boolean }) {
  return (
    <div className="card">
      {filtered ? (
        <Empty title="No instance passes the filter.">Remove a pill, or ask for less.</Empty>
      ) : (
        <Empty title="Nothing has been started yet.">
          <Link to="/workflows" className="link">
            Choose a workflow
          </Link>{" "}
          and start it, or type <Command>partita start NAME</Command>
        </Empty>
      )}
    </div>
  );
}
