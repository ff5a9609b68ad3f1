import type { InstanceSummary } from "../../api/client";

/** What is newer than the pages that were loaded. */
export interface LiveRows {
  /** Rows as they are now, by id. */
  latest: ReadonlyMap<string, InstanceSummary>;
  removed: ReadonlySet<string>;
  /** Rows that stand above the pages. */
  added: readonly InstanceSummary[];
  /** New rows that are not shown yet, so that nothing moves under the reader's eyes. */
  held: readonly InstanceSummary[];
}

export const NOTHING_NEW: LiveRows = { latest: new Map(), removed: new Set(), added: [], held: [] };

interface Change {
  changed: readonly InstanceSummary[];
  removed: readonly string[];
}

interface Listed {
  pages: readonly InstanceSummary[];
  passes: (row: InstanceSummary) => boolean;
  /** Whether new rows belong on top, as in the order “newest first”. */
  growsOnTop: boolean;
}

/** Takes in a change: rows that are listed change in place, new ones wait above the list. */
export function withChange(
  live: LiveRows,
  { changed, removed }: Change,
  { pages, passes, growsOnTop }: Listed,
): LiveRows {
  const listed = new Set([...live.added, ...live.held, ...pages].map(({ id }) => id));
  const top = live.held[0] ?? live.added[0] ?? pages[0];
  const latest = new Map(live.latest);
  const fresh: InstanceSummary[] = [];
  for (const row of changed) {
    const known = latest.get(row.id);
    if (known && known.updatedAt > row.updatedAt) continue; // a request was answered after the stream had told more
    if (listed.has(row.id)) latest.set(row.id, row);
    else if (growsOnTop && passes(row) && (!top || row.createdAt >= top.createdAt)) fresh.push(row);
  }
  const gone = new Set([...live.removed, ...removed]);
  for (const { id } of changed) gone.delete(id);
  fresh.sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  return { latest, removed: gone, added: live.added, held: [...fresh, ...live.held] };
}

/** Shows what was held. */
export function withHeldShown(live: LiveRows): LiveRows {
  return live.held.length === 0 ? live : { ...live, added: [...live.held, ...live.added], held: [] };
}

/** The list as it is shown. */
export function shownRows({ added, latest, removed }: LiveRows, pages: readonly InstanceSummary[]): InstanceSummary[] {
  const onTop = new Set(added.map(({ id }) => id));
  return [...added, ...pages.filter(({ id }) => !onTop.has(id))]
    .filter(({ id }) => !removed.has(id))
    .map((row) => latest.get(row.id) ?? row);
}
