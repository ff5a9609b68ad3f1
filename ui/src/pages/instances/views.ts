import { useState } from "react";
import type { ListOrder } from "../../api/queries";

export interface ViewSearch {
  q?: string | undefined;
  order?: ListOrder | undefined;
  columns?: string | undefined;
}

export interface View {
  name: string;
  search: ViewSearch;
}

/** Views that everybody has. */
export const COMMON_VIEWS: readonly View[] = [
  { name: "Failed in the last day", search: { q: "status:failed completed<1d", order: "updated" } },
  { name: "Running for over an hour", search: { q: "status:running created>1h", order: "oldest" } },
  { name: "Set aside", search: { q: "is:set-aside" } },
  { name: "Started by nobody else", search: { q: "is:root" } },
];

const KEY = "instance-views";

function stored(): View[] {
  try {
    const views: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(views) ? views.filter(isView) : [];
  } catch {
    return [];
  }
}

function isView(value: unknown): value is View {
  const { name, search } = (value ?? {}) as Partial<View>;
  return typeof name === "string" && typeof search === "object" && search !== null;
}

/** The views that were saved in this browser. */
export function useViews() {
  const [views, setViews] = useState(stored);
  const keep = (next: View[]) => {
    setViews(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // Storage is blocked: they are kept until the page is left.
    }
  };
  return {
    views,
    save: (view: View) => keep([...views.filter(({ name }) => name !== view.name), view]),
    remove: (name: string) => keep(views.filter((each) => each.name !== name)),
  };
}
