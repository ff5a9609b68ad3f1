import { arrange, type BoxIn, type LineIn } from "../../graph/arrange";
import type { Drawing, DrawnNode, Look } from "../../graph/model";
import { count, duration } from "../../lib/format";
import { type Cluster, clusterFigures } from "./clusters";
import { endOf, type Outcome, outcomeOf, type Step, startOf } from "./steps";

const WIDTH = 240;
const HEIGHT = 48;
const MARK = { width: 90, height: 26 };

const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

const LOOKS: Record<Outcome, Look> = { open: "running", done: "succeeded", failed: "failed", cancelled: "aborted" };
const BLANK = { x: 0, y: 0, depth: 0, muted: false, look: undefined, figures: "", counted: false, detail: "" } as const;

interface Happened {
  clusters: readonly Cluster[];
  /** Names of events that are waited for. */
  awaited: readonly string[];
  /** How it ended; undefined while it goes on. */
  ended: string | undefined;
}

/** The graph of what happened: what led to what, from the start to the end or to what is waited for. */
export function drawHappened({ clusters, awaited, ended }: Happened): Drawing {
  const nodes: DrawnNode[] = [mark("#start", "Start"), ...clusters.map(clusterNode), ...awaited.map(awaitedNode)];
  const lines: LineIn[] = clusters.flatMap(linesInto);
  const last = lastOf(clusters);
  if (ended) nodes.push({ ...mark("#end", ended), look: ended === "Completed" ? "succeeded" : "failed" });
  for (const target of ended ? ["#end"] : awaited.map(awaitedId)) {
    for (const from of last) lines.push({ id: `${from}>${target}`, from, to: target });
  }
  const arranged = arrange(nodes as BoxIn[], lines);
  return {
    nodes: nodes.map((node) => ({ ...node, ...arranged.boxes.get(node.id) })),
    edges: lines.map(({ id, from, to }) => ({
      id,
      from,
      to,
      depth: 0,
      points: arranged.lines.get(id)?.points ?? [],
      label: "",
      labelAt: undefined,
      dashed: to.startsWith("#awaited"),
      emphasis: "plain",
    })),
  };
}

function mark(id: string, title: string): DrawnNode {
  return { ...BLANK, ...MARK, id, shape: "mark", title, kind: title };
}

function awaitedId(name: string): string {
  return `#awaited ${name}`;
}

function awaitedNode(name: string): DrawnNode {
  const detail = "awaited event";
  return {
    ...BLANK,
    id: awaitedId(name),
    width: WIDTH,
    height: HEIGHT,
    shape: "card",
    title: name,
    kind: detail,
    detail,
    muted: true,
  };
}

function linesInto({ id, causes, steps }: Cluster): LineIn[] {
  const sources = [...causes];
  if (sources.length > 0) return sources.map((from) => ({ id: `${from}>${id}`, from, to: id }));
  // Events come from outside: nothing in the history led to them.
  return steps[0]?.kind === "event" ? [] : [{ id: `#start>${id}`, from: "#start", to: id }];
}

/** What led to nothing further; the start when there is nothing. */
function lastOf(clusters: readonly Cluster[]): string[] {
  const causes = new Set(clusters.flatMap((cluster) => [...cluster.causes]));
  const last = clusters.filter(
    ({ id, steps }) => !causes.has(id) && !steps.every((step) => outcomeOf(step) === "open"),
  );
  return last.length > 0 ? last.map(({ id }) => id) : ["#start"];
}

function clusterNode(cluster: Cluster): DrawnNode {
  const box = { ...BLANK, id: cluster.id, width: WIDTH, height: HEIGHT, shape: "card" as const };
  const [first] = cluster.steps;
  if (!first) return { ...box, title: "", kind: "" };
  if (cluster.steps.length === 1) return { ...box, ...singleNode(first) };
  const { open, failed } = clusterFigures(cluster);
  const look: Look = open > 0 ? "running" : failed > 0 ? "failed" : "succeeded";
  return {
    ...box,
    title: first.name,
    kind: "many",
    figures: `×${count(cluster.steps.length)} · ${manyText(cluster)}`,
    counted: true,
    look,
  };
}

function singleNode(step: Step): Pick<DrawnNode, "title" | "kind" | "detail" | "figures" | "look"> {
  const end = endOf(step);
  const took = end === undefined ? goingOn(step) : duration(end - startOf(step));
  const tries = step.attempts.length > 1 ? ` · ${step.attempts.length} tries` : "";
  const moment = step.kind === "event" || step.kind === "message";
  const about = { title: step.name, kind: step.kind, detail: step.kind };
  if (moment) return { ...about, figures: "", look: undefined };
  return { ...about, figures: `${took}${tries}`, look: LOOKS[outcomeOf(step)] };
}

function goingOn({ due }: Step): string {
  if (due === undefined) return "";
  const today = new Date(due).toDateString() === new Date().toDateString();
  return `until ${(today ? TIME : DAY).format(due)}`;
}

/** How many of them stand how. */
export function manyText(cluster: Cluster): string {
  const { open, failed, done, cancelled } = clusterFigures(cluster);
  const parts = [
    open > 0 && `${count(open)} open`,
    failed > 0 && `${count(failed)} failed`,
    done > 0 && `${count(done)} ok`,
    cancelled > 0 && `${count(cancelled)} cancelled`,
  ];
  return parts.filter(Boolean).join(" · ");
}
