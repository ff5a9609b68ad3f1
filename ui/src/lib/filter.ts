import type { Filter, Status } from "../api/client";

export const STATUSES: readonly Status[] = [
  "Pending",
  "Running",
  "Suspended",
  "Completed",
  "Failed",
  "Terminated",
  "Canceled",
  "ContinuedAsNew",
];

const TIME_FIELDS = ["created", "updated", "completed"] as const;
const UNIT_MS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 604_800e3 };

export interface ParsedFilter {
  filter: Filter;
  /** What is wrong with the text, one sentence for each term that is not understood. */
  problems: string[];
}

/** The terms of a filter's text: words, or `key:"words with spaces"`. */
export function terms(text: string): string[] {
  return text.match(/[^\s"]*"[^"]*"?|\S+/g) ?? [];
}

export function withoutTerm(text: string, term: string): string {
  return terms(text)
    .filter((each) => each !== term)
    .join(" ");
}

/** The text with its `status:` terms replaced. */
export function withStatuses(text: string, statuses: readonly Status[]): string {
  const rest = terms(text).filter((each) => !each.startsWith("status:"));
  return [...statuses.map((status) => `status:${status.toLowerCase()}`), ...rest].join(" ");
}

/** Reads a filter such as `status:failed name:Order* created<2h`; `now` is what ages are counted from. */
export function parseFilter(text: string, now: Date): ParsedFilter {
  const parsed: ParsedFilter = { filter: {}, problems: [] };
  for (const term of terms(text)) {
    const problem = addTerm(parsed.filter, term, now);
    if (problem) parsed.problems.push(problem);
  }
  return parsed;
}

function addTerm(filter: Filter, term: string, now: Date): string | undefined {
  const [, key, sign, quoted] = /^([a-z]+)([:<>])(.*)$/i.exec(term) ?? [];
  if (!key || !sign || quoted === undefined) {
    filter.idContains = unquote(term);
    return undefined;
  }
  const value = unquote(quoted);
  if (value === "") return `“${term}” has no value.`;
  if (sign !== ":") return addTime(filter, key, sign, value, now);
  return addField(filter, key, value) ?? undefined;
}

function addField(filter: Filter, key: string, value: string): string | undefined {
  switch (key) {
    case "status": {
      const status = STATUSES.find((each) => each.toLowerCase() === value.toLowerCase());
      if (!status) return `There is no status “${value}”.`;
      filter.status = [...(filter.status ?? []), status];
      return undefined;
    }
    case "name":
      filter.name = [...(filter.name ?? []), value];
      return undefined;
    case "id":
      if (value.endsWith("*")) filter.idPrefix = value.slice(0, -1);
      else filter.idContains = value;
      return undefined;
    case "parent":
      filter.parent = value;
      return undefined;
    case "tag":
      return addTag(filter, value);
    case "is":
      return addFlag(filter, value);
    default:
      return `There is no filter “${key}:”; there are status, name, id, tag, parent, is, created, updated and completed.`;
  }
}

function addTag(filter: Filter, value: string): string | undefined {
  const split = value.indexOf("=");
  if (split < 1) return "A tag is written tag:key=value.";
  filter.tags = { ...filter.tags, [value.slice(0, split)]: value.slice(split + 1) };
  return undefined;
}

function addFlag(filter: Filter, value: string): string | undefined {
  if (value === "root") filter.rootsOnly = true;
  else if (value === "set-aside") filter.setAside = true;
  else return `“is:” knows root and set-aside, not “${value}”.`;
  return undefined;
}

/** `created<2h` means younger than two hours; `created<2026-03-01` means before that day. */
function addTime(filter: Filter, key: string, sign: string, value: string, now: Date): string | undefined {
  const field = TIME_FIELDS.find((each) => each === key);
  if (!field) return `“${key}” cannot be compared; created, updated and completed can.`;
  const age = /^(\d+)([smhdw])$/.exec(value);
  const at = age ? new Date(now.getTime() - Number(age[1]) * (UNIT_MS[age[2] ?? ""] ?? 0)) : new Date(value);
  if (Number.isNaN(at.getTime())) return `“${value}” is neither an age such as 2h nor a time such as 2026-03-01T12:00.`;
  const from = age ? sign === "<" : sign === ">";
  filter[`${field}${from ? "From" : "To"}`] = at.toISOString();
  return undefined;
}

function unquote(value: string): string {
  return value.replaceAll('"', "");
}

/** The filter as the parameters of a list. */
export function filterParameters({ tags, ...rest }: Filter) {
  return tags ? { ...rest, tag: Object.entries(tags).map(([key, value]) => `${key}=${value}`) } : rest;
}

export function isEmptyFilter(filter: Filter): boolean {
  return Object.keys(filter).length === 0;
}
