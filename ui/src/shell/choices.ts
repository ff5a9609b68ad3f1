import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CalendarClock, Filter, Fingerprint, type LucideIcon, Play, SquareFunction, Workflow } from "lucide-react";
import { functionsQuery, schedulesQuery, workflowsQuery } from "../api/catalog";
import { instancesHeadQuery, ONCE } from "../api/queries";
import { fuzzyRank } from "../lib/fuzzy";
import { PAGES } from "./navigation";

export interface Choice {
  key: string;
  label: string;
  /** What it is, in a word or two. */
  kind: string;
  icon: LucideIcon;
  go: () => void;
}

const SHOWN = 30;
const SHORTEST_ID = 2;
const IDS = 6;

/** What the text may mean: pages, definitions, actions by name; instances by a part of their id. */
export function useChoices(text: string): Choice[] {
  const navigate = useNavigate();
  const named = useNamed();
  const ids = useQuery({
    ...instancesHeadQuery(`id:"${text.replaceAll('"', "")}"`, "newest", IDS),
    enabled: text.length >= SHORTEST_ID,
    meta: ONCE,
  });
  const found = fuzzyRank(text, named, ({ label }) => label);
  if (text === "") return found.slice(0, SHOWN);
  const matching = fuzzyRank(text, ids.data?.instances ?? [], ({ id }) => id);
  const instances: Choice[] = matching.map(({ id, name }) => ({
    key: `instance ${id}`,
    label: id,
    kind: `instance of ${name}`,
    icon: Fingerprint,
    go: () => void navigate({ to: "/instances/$id", params: { id } }),
  }));
  const filter: Choice = {
    key: "filter",
    label: `Instances that match “${text}”`,
    kind: "filter",
    icon: Filter,
    go: () => void navigate({ to: "/instances", search: { q: text } }),
  };
  return [...found.slice(0, SHOWN), ...instances, filter];
}

function useNamed(): Choice[] {
  const navigate = useNavigate();
  const workflows = useQuery({ ...workflowsQuery(), meta: ONCE }).data?.workflows ?? [];
  const functions = useQuery({ ...functionsQuery(), meta: ONCE, refetchInterval: false }).data?.functions ?? [];
  const schedules = useQuery({ ...schedulesQuery(), meta: ONCE }).data?.schedules ?? [];
  const choice = (kind: string, label: string, icon: LucideIcon, go: () => void): Choice => ({
    key: `${kind} ${label}`,
    label,
    kind,
    icon,
    go,
  });
  return [
    ...PAGES.map(({ to, label, icon }) => choice("page", label, icon, () => void navigate({ to }))),
    ...workflows.map(({ name }) =>
      choice("workflow", name, Workflow, () => void navigate({ to: "/workflows/$name", params: { name } })),
    ),
    ...workflows.map(({ name }) =>
      choice("action", `Start ${name}`, Play, () => {
        void navigate({ to: "/workflows/$name", params: { name }, search: { part: "start" } });
      }),
    ),
    ...functions.map(({ name }) =>
      choice("function", name, SquareFunction, () => void navigate({ to: "/functions/$name", params: { name } })),
    ),
    ...schedules.map(({ name }) =>
      choice("schedule", name, CalendarClock, () => void navigate({ to: "/schedules/$name", params: { name } })),
    ),
  ];
}
