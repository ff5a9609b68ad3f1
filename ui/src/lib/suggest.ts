import { STATUSES, terms } from "./filter";

export interface Suggestion {
  /** The whole filter, were it taken. */
  text: string;
  /** The term that it ends with. */
  term: string;
  hint: string;
  /** Whether the term still needs a value. */
  open: boolean;
}

interface Known {
  names: readonly string[];
  tags: readonly string[];
}

const KEYS: readonly (readonly [string, string])[] = [
  ["status:", "its status"],
  ["name:", "its workflow; * at the end for all that begin so"],
  ["id:", "a part of its id; * at the end for its beginning"],
  ["tag:", "a tag, key=value"],
  ["parent:", "sub-orchestrations of an instance"],
  ["is:", "root, or set-aside"],
  ["created<", "younger than an age, or before a time"],
  ["created>", "older than an age, or after a time"],
  ["updated<", "changed within an age, or before a time"],
  ["updated>", "not changed for an age, or after a time"],
  ["completed<", "ended within an age, or before a time"],
  ["completed>", "ended longer ago, or after a time"],
];

const AGES = ["15m", "1h", "1d", "7d"];
const SHOWN = 8;

/** How the filter that is being typed may go on. */
export function suggestions(text: string, known: Known): Suggestion[] {
  const ended = text === "" || /\s$/.test(text);
  const last = ended ? "" : (terms(text).at(-1) ?? "");
  const before = text.slice(0, text.length - last.length);
  const make = (term: string, hint: string, open = false) => ({ text: before + term, term, hint, open });
  const [, key = "", value = ""] = /^([a-z]+[:<>])(.*)$/i.exec(last) ?? [];
  const found =
    key === ""
      ? KEYS.filter(([each]) => each.startsWith(last.toLowerCase())).map(([each, hint]) => make(each, hint, true))
      : valuesOf(key.toLowerCase(), known)
          .filter((each) => each.toLowerCase().startsWith(value.replaceAll('"', "").toLowerCase()) && each !== value)
          .map((each) => make(key + quoted(each), "", each.endsWith("=")));
  return found.slice(0, SHOWN);
}

function valuesOf(key: string, { names, tags }: Known): string[] {
  if (key === "status:") return STATUSES.map((status) => status.toLowerCase());
  if (key === "name:") return [...names];
  if (key === "tag:") return tags.map((tag) => `${tag}=`);
  if (key === "is:") return ["root", "set-aside"];
  return /[<>]/.test(key) ? AGES : [];
}

function quoted(value: string): string {
  return /\s/.test(value) ? `"${value}"` : value;
}
