/** Reads state machine definitions as graphs. It takes unfinished ones: what makes no sense yet is left out. */

export interface AslState {
  /** JSON pointer in the definition. */
  path: string;
  name: string;
  type: string;
  /** What it does, in a few words. */
  detail: string;
  /** Whether the machine or branch can end here. */
  ends: boolean;
  /** Branches of a Parallel state, or the one of a Map. */
  inner: AslScope[];
}

export interface AslEdge {
  from: string;
  to: string;
  kind: "next" | "choice" | "default" | "catch";
  label: string;
}

export interface AslScope {
  path: string;
  label: string;
  /** The first state, if there is one of that name. */
  start: string | undefined;
  states: AslState[];
  edges: AslEdge[];
}

type Json = Record<string, unknown>;

const MAX_DEPTH = 20;
const LABEL_CHARS = 44;

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function shortened(value: string): string {
  return value.length > LABEL_CHARS ? `${value.slice(0, LABEL_CHARS - 1)}…` : value;
}

/** A name as a part of a JSON pointer. */
export function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

export function readDefinition(definition: unknown): AslScope {
  return readScope(definition, "", "", 0);
}

function readScope(scope: unknown, path: string, label: string, depth: number): AslScope {
  const machine = isObject(scope) ? scope : {};
  const states = isObject(machine.States) && depth < MAX_DEPTH ? machine.States : {};
  const pathOf = (name: string) => `${path}/States/${pointerPart(name)}`;
  const known = (name: unknown) => (typeof name === "string" && Object.hasOwn(states, name) ? pathOf(name) : undefined);
  const entries = Object.entries(states).map(([name, state]) => ({ name, state: isObject(state) ? state : {} }));
  return {
    path,
    label,
    start: known(machine.StartAt),
    states: entries.map(({ name, state }) => readState(name, state, pathOf(name), depth)),
    edges: entries.flatMap(({ name, state }) => edgesOf(state, pathOf(name), known)),
  };
}

function readState(name: string, state: Json, path: string, depth: number): AslState {
  const type = text(state.Type) || "?";
  return {
    path,
    name,
    type,
    detail: detailOf(type, state),
    ends: state.End === true || type === "Succeed" || type === "Fail",
    inner: innerOf(type, state, path, depth),
  };
}

function innerOf(type: string, state: Json, path: string, depth: number): AslScope[] {
  if (type === "Parallel" && Array.isArray(state.Branches)) {
    return state.Branches.map((branch, index) =>
      readScope(branch, `${path}/Branches/${index}`, `Branch ${index + 1}`, depth + 1),
    );
  }
  if (type !== "Map") return [];
  const member = isObject(state.ItemProcessor) ? "ItemProcessor" : "Iterator";
  return isObject(state[member]) ? [readScope(state[member], `${path}/${member}`, "Each item", depth + 1)] : [];
}

function edgesOf(state: Json, from: string, known: (name: unknown) => string | undefined): AslEdge[] {
  const edges: AslEdge[] = [];
  const add = (name: unknown, kind: AslEdge["kind"], label = "") => {
    const to = known(name);
    if (to) edges.push({ from, to, kind, label: shortened(label) });
  };
  if (state.End !== true) add(state.Next, "next");
  for (const choice of list(state.Choices)) add(choice.Next, "choice", conditionText(choice));
  add(state.Default, "default", "otherwise");
  for (const each of list(state.Catch)) add(each.Next, "catch", errorNames(each.ErrorEquals));
  return merged(edges);
}

/** One edge for each pair of states and kind: several conditions may lead to the same state. */
function merged(edges: AslEdge[]): AslEdge[] {
  const byKey = new Map<string, AslEdge>();
  for (const edge of edges) {
    const key = `${edge.to} ${edge.kind === "catch"}`;
    const same = byKey.get(key);
    if (same) same.label = shortened([same.label, edge.label].filter(Boolean).join(" or "));
    else byKey.set(key, edge);
  }
  return [...byKey.values()];
}

function errorNames(names: unknown): string {
  const all = Array.isArray(names) ? names.map(String) : [];
  return all.includes("States.ALL") ? "any error" : all.map((name) => name.replace(/^States\./, "")).join(", ");
}

function detailOf(type: string, state: Json): string {
  switch (type) {
    case "Task":
      return text(state.Resource).replace(/^fn:/, "") || "Task";
    case "Wait":
      return waitText(state);
    case "Map":
      return text(state.ItemsPath) ? `for each of ${text(state.ItemsPath)}` : "Map";
    case "Fail":
      return text(state.Error) || "Fail";
    default:
      return type;
  }
}

function waitText(state: Json): string {
  if (typeof state.Seconds === "number") return `Wait ${state.Seconds} s`;
  const until = text(state.Timestamp) || text(state.TimestampPath);
  if (until) return `Wait until ${until}`;
  const seconds = text(state.SecondsPath) || text(state.Seconds);
  return seconds ? `Wait ${seconds} s` : "Wait";
}

const SYMBOLS: readonly [RegExp, string][] = [
  [/GreaterThanEquals(Path)?$/, "≥"],
  [/LessThanEquals(Path)?$/, "≤"],
  [/GreaterThan(Path)?$/, ">"],
  [/LessThan(Path)?$/, "<"],
  [/Equals(Path)?$/, "="],
  [/Matches$/, "~"],
];

/** A choice's condition in short. */
export function conditionText(rule: Json): string {
  if (typeof rule.Condition === "string") return rule.Condition.replace(/^\{%\s*|\s*%\}$/g, "");
  if (Array.isArray(rule.And)) return joined(rule.And, " and ");
  if (Array.isArray(rule.Or)) return joined(rule.Or, " or ");
  if (isObject(rule.Not)) return `not (${conditionText(rule.Not)})`;
  const variable = text(rule.Variable).replace(/^\$\./, "");
  for (const [key, value] of Object.entries(rule)) {
    if (key.startsWith("Is")) return `${variable} ${value === false ? "is not" : "is"} ${key.slice(2).toLowerCase()}`;
    const symbol = SYMBOLS.find(([pattern]) => pattern.test(key))?.[1];
    if (symbol) return `${variable} ${symbol} ${typeof value === "string" ? value : JSON.stringify(value)}`;
  }
  return variable;
}

function joined(rules: unknown[], word: string): string {
  return rules.filter(isObject).map(conditionText).join(word);
}

/** Every state, those of branches included. */
export function allStates(scope: AslScope): AslState[] {
  return scope.states.flatMap((state) => [state, ...state.inner.flatMap(allStates)]);
}
