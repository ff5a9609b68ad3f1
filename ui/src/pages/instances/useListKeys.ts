import { type RefObject, useEffect, useRef } from "react";
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
  scroller?.querySelector<HTMLElement>(`tr[data-index="${index}"] a`)?.focus({ preventScroll: true });
}

/** Whether a key is meant for the list: it, or nothing at all, has the keyboard. */
function isForList(target: EventTarget | null, scroller: HTMLElement | null): boolean {
  return target === document.body || (target instanceof Node && scroller?.contains(target) === true);
}

/** The arrows move between rows, `x` and the space bar select; Enter is the link's own. */
export function useListKeys(keys: ListKeys): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const { scroller, rows, scrollTo, toggle } = latest.current;
      if (event.ctrlKey || event.metaKey || event.altKey || !isForList(event.target, scroller.current)) return;
      const item = (event.target as Element).closest<HTMLElement>("tr[data-index]");
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
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
}
