import type { KeyboardEvent, RefObject } from "react";
import type { InstanceSummary } from "../../api/client";

interface ListKeys {
  scroller: RefObject<HTMLElement | null>;
  rows: readonly InstanceSummary[];
  scrollTo: (index: number) => void;
  toggle: (id: string) => void;
}

const PAGE_ROWS = 15;

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  j: (at) => at + 1,
  k: (at) => at - 1,
  PageDown: (at) => at + PAGE_ROWS,
  PageUp: (at) => at - PAGE_ROWS,
  Home: () => 0,
  End: (_, last) => last,
};

function focusRow(scroller: HTMLElement | null, index: number): void {
  scroller?.querySelector<HTMLElement>(`li[data-index="${index}"] a`)?.focus({ preventScroll: true });
}

/** The arrows move between rows, `x` and the space bar select; Enter is the link's own. */
export function useListKeys({ scroller, rows, scrollTo, toggle }: ListKeys) {
  return (event: KeyboardEvent<HTMLElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const item = (event.target as HTMLElement).closest<HTMLElement>("li[data-index]");
    const at = item ? Number(item.dataset.index) : -1;
    const row = rows[at];
    const step = STEPS[event.key];
    if (step) {
      const next = Math.max(0, Math.min(rows.length - 1, step(at, rows.length - 1)));
      scrollTo(next);
      // The row may have to be drawn first.
      requestAnimationFrame(() => requestAnimationFrame(() => focusRow(scroller.current, next)));
    } else if ((event.key === "x" || event.key === " ") && row) {
      toggle(row.id);
    } else {
      return;
    }
    event.preventDefault();
  };
}
