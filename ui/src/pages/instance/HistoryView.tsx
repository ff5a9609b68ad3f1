import { useVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import type { HistoryEvent, InstanceDetail } from "../../api/client";
import { type HistoryStore, MAX_EVENTS } from "../../api/history";
import { useHistory } from "../../api/useHistory";
import { count } from "../../lib/format";
import { Button } from "../../ui/Button";
import { ProblemNote } from "../../ui/Loaded";
import { Empty } from "../../ui/Page";
import { isFailure, matches } from "./events";
import { HISTORY_COLUMNS, HistoryRow } from "./HistoryRow";
import { EVENT_KINDS, useView } from "./view";

const ROW_PX = 33;
const AHEAD = 60;

/** The events that pass the filter; every event, also those not loaded yet, when there is none. */
function useShown(store: HistoryStore, filtered: boolean): readonly number[] | undefined {
  const [{ find: typed = "", kind }] = useView();
  const find = useDeferredValue(typed);
  const { version } = store;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says when there are other events.
  return useMemo(() => {
    if (!filtered) return undefined;
    return store.events.flatMap((event) => (event && matches(event, find, kind) ? event.index : []));
  }, [store, version, filtered, find, kind]);
}

/** The history, of which only what is looked at is loaded, unless something is looked for in all of it. */
export function HistoryView({ instance }: { instance: InstanceDetail }) {
  const store = useHistory(instance);
  const [{ find = "", kind, event }, change] = useView();
  const filtered = find !== "" || kind !== undefined;
  const shown = useShown(store, filtered);
  const [goal, setGoal] = useState<number | undefined>(event);
  const rows = shown?.length ?? store.total;

  useEffect(() => {
    if (filtered) store.loadAll();
  }, [store, filtered]);
  useOpenAt(store, setGoal);
  const toFailure = async () => {
    const failed = await lastFailure(store);
    change({ find: undefined, kind: undefined, event: failed });
    setGoal(failed);
  };

  if (store.error) return <ProblemNote error={store.error} onRetry={() => store.retry()} />;
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <input
          type="search"
          aria-label="Find in the history"
          className="control w-80"
          placeholder="Number, type, name, error, payload"
          value={find}
          onChange={({ target }) => change({ find: target.value || undefined })}
        />
        <select
          aria-label="Kind of event"
          className="control"
          value={kind ?? ""}
          onChange={({ target }) => change({ kind: EVENT_KINDS.find((each) => each === target.value) })}
        >
          <option value="">all kinds</option>
          {EVENT_KINDS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </select>
        <p role="status" className="text-muted text-xs tabular-nums">
          {filtered && `${count(rows)} of `}
          {count(store.total)} events
          {filtered && !store.complete && `, ${count(store.loaded)} looked through so far`}
          {filtered && store.total > MAX_EVENTS && `; only the first ${count(MAX_EVENTS)} are looked through`}
        </p>
        <span className="ml-auto flex gap-1">
          <Button look="quiet" onClick={() => setGoal(0)}>
            Beginning
          </Button>
          <Button look="quiet" onClick={() => setGoal(store.total - 1)}>
            End
          </Button>
          <Button look="quiet" onClick={() => void toFailure()}>
            Last failure
          </Button>
        </span>
      </div>
      {rows === 0 ? (
        <Empty title={filtered ? "No event is like that." : "Nothing has happened yet."} />
      ) : (
        <EventList store={store} shown={shown} goal={goal} reached={() => setGoal(undefined)} />
      )}
    </div>
  );
}

/** Opens the first event of the time that the URL names. */
function useOpenAt(store: HistoryStore, onFound: (index: number) => void): void {
  const [{ at }, change] = useView();
  const { version } = store;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version says when there are other events.
  useEffect(() => {
    if (at === undefined) return;
    store.loadAll();
    const after = (event: HistoryEvent) => Date.parse(event.timestamp) >= Date.parse(at);
    const found = store.events.find((event) => event && !event.type.startsWith("Orchestrator") && after(event));
    if (!found && !store.complete) return;
    change({ at: undefined, event: found?.index });
    if (found) onFound(found.index);
  }, [store, version, at, change, onFound]);
}

/** Looks for it from the end, page by page. */
async function lastFailure(store: HistoryStore): Promise<number | undefined> {
  for (let index = store.total - 1; index >= 0; index -= 1) {
    const event = store.events[index] ?? (await loaded(store, index));
    if (!event) return undefined;
    if (isFailure(event)) return index;
  }
  return undefined;
}

function loaded(store: HistoryStore, index: number): Promise<HistoryEvent | undefined> {
  return new Promise((resolve) => {
    const leave = store.observe(() => {
      if (!store.events[index] && !store.error) return;
      leave();
      resolve(store.events[index]);
    });
    store.ensure(index, index + 1);
  });
}

interface EventListProps {
  store: HistoryStore;
  /** Indices of events; undefined for all. */
  shown: readonly number[] | undefined;
  /** The event to scroll to. */
  goal: number | undefined;
  reached: () => void;
}

function EventList({ store, shown, goal, reached }: EventListProps) {
  const [{ event: open }, change] = useView();
  const scroller = useRef<HTMLDivElement>(null);
  const indexAt = (row: number) => (shown ? (shown[row] ?? 0) : row);
  const virtual = useVirtualizer({
    count: shown?.length ?? store.total,
    getScrollElement: () => scroller.current,
    getItemKey: indexAt,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];

  useEffect(() => {
    if (!shown) store.ensure(Math.max(0, first - AHEAD), last + AHEAD);
    store.ensure(0, 1);
  }, [store, shown, first, last]);
  useEffect(() => {
    if (goal === undefined) return;
    const row = shown ? shown.findIndex((index) => index >= goal) : goal;
    virtual.scrollToIndex(Math.max(0, row), { align: goal === 0 ? "start" : "center" });
    reached();
  }, [goal, shown, virtual, reached]);

  const toggle = useCallback(
    (index: number, isOpen: boolean) => change({ event: isOpen ? undefined : index }),
    [change],
  );
  const from = store.events[0] ? Date.parse(store.events[0].timestamp) : 0;
  const row = ({ key, index: at, start }: VirtualItem) => {
    const index = indexAt(at);
    const event = store.events[index];
    return (
      <li
        key={key}
        ref={virtual.measureElement}
        data-index={at}
        className="absolute inset-x-0 border-line/60 border-b"
        style={{ transform: `translateY(${start}px)` }}
      >
        {event ? (
          <HistoryRow event={event} from={from} open={open === index} onToggle={toggle} />
        ) : (
          <div className={`${HISTORY_COLUMNS} h-8 items-center`}>
            <span className="text-right text-muted tabular-nums">{index}</span>
            <span className="col-span-2 h-3 rounded bg-raised" />
          </div>
        )}
      </li>
    );
  };
  return (
    <section
      ref={scroller}
      aria-label="History"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
      tabIndex={0}
      className="card max-h-[calc(100dvh-16rem)] min-h-80 overflow-y-auto"
    >
      <ol className="relative" style={{ height: virtual.getTotalSize() }}>
        {items.map(row)}
      </ol>
    </section>
  );
}
