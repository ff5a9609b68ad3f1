import { expect, it } from "vitest";
import type { InstanceSummary } from "../../api/client";
import { NOTHING_NEW, shownRows, withChange, withHeldShown } from "./liveRows";

function row(id: string, status: InstanceSummary["status"], minute = 0): InstanceSummary {
  const at = `2026-03-01T12:${String(minute).padStart(2, "0")}:00Z`;
  return {
    id,
    name: "Order",
    version: null,
    status,
    createdAt: at,
    updatedAt: at,
    completedAt: null,
    parentId: null,
    tags: {},
    setAside: false,
    customStatus: null,
  };
}

const PAGES = [row("b", "Running", 2), row("a", "Running", 1)];
const LISTED = { pages: PAGES, passes: ({ status }: InstanceSummary) => status !== "Failed", growsOnTop: true };

function text(rows: readonly InstanceSummary[]): string {
  return rows.map(({ id, status }) => `${id} ${status}`).join(", ");
}

it("changes rows in place, and holds new ones until they may be shown", () => {
  const changed = [row("d", "Running", 4), row("c", "Running", 3), row("a", "Failed", 1), row("x", "Failed", 5)];
  const live = withChange(NOTHING_NEW, { changed, removed: [] }, LISTED);
  expect(text(shownRows(live, PAGES))).toBe("b Running, a Failed");
  expect(live.held).toHaveLength(2);
  expect(text(shownRows(withHeldShown(live), PAGES))).toBe("d Running, c Running, b Running, a Failed");
});

it("does not take old rows that are not loaded for new ones", () => {
  const live = withChange(NOTHING_NEW, { changed: [row("old", "Running", 0)], removed: [] }, LISTED);
  expect(live.held).toEqual([]);
});

it("adds nothing where new rows do not belong on top", () => {
  const live = withChange(
    NOTHING_NEW,
    { changed: [row("c", "Running", 3)], removed: [] },
    { ...LISTED, growsOnTop: false },
  );
  expect(live.held).toEqual([]);
});

it("takes removed rows away, until they are there again", () => {
  const live = withChange(NOTHING_NEW, { changed: [], removed: ["b"] }, LISTED);
  expect(text(shownRows(live, PAGES))).toBe("a Running");
  const again = withChange(live, { changed: [row("b", "Pending", 2)], removed: [] }, LISTED);
  expect(text(shownRows(again, PAGES))).toBe("b Pending, a Running");
});

it("shows a row once, also when its page is loaded after it was added", () => {
  const live = withHeldShown(withChange(NOTHING_NEW, { changed: [row("c", "Running", 3)], removed: [] }, LISTED));
  expect(text(shownRows(live, [row("c", "Pending", 3), ...PAGES]))).toBe("c Running, b Running, a Running");
});
