import type { StateFigures } from "../api/execution";
import { count, duration } from "../lib/format";
import type { Drawing, DrawnEdge, DrawnNode, Look } from "./model";

export type MachineFigures = Record<string, StateFigures>;

/** The drawing of a state machine with what happened in it. */
export function withFigures(drawing: Drawing, states: MachineFigures | undefined): Drawing {
  if (!states) return drawing;
  return {
    nodes: drawing.nodes.map((node) => withState(node, states)),
    edges: drawing.edges.map((edge) => ({ ...edge, emphasis: emphasisOf(edge, states) })),
  };
}

function withState(node: DrawnNode, states: MachineFigures): DrawnNode {
  if (node.shape === "mark" || node.shape === "label") return node;
  const figures = states[node.id];
  if (!figures || figures.entered === 0) return { ...node, look: "idle", muted: true };
  return { ...node, look: lookOf(figures), figures: figuresText(figures), counted: figures.entered > 1 };
}

export function lookOf({ running, failed, caught, succeeded }: StateFigures): Look {
  if (running > 0) return "running";
  if (failed > 0) return "failed";
  if (caught > 0) return "caught";
  return succeeded > 0 ? "succeeded" : "aborted";
}

/** In short: how often, how long, what was tried again. */
export function figuresText({
  entered,
  running,
  failed,
  caught,
  aborted,
  succeeded,
  retries,
  seconds,
}: StateFigures): string {
  const parts: string[] = [];
  if (entered === 1) {
    if (seconds !== undefined) parts.push(duration(seconds * 1000));
    if (retries > 0) parts.push(`${retries + 1} tries`);
    return parts.join(" · ");
  }
  if (running > 0) parts.push(`${count(running)} running`);
  if (succeeded > 0) parts.push(`${count(succeeded)} ok`);
  if (failed > 0) parts.push(`${count(failed)} failed`);
  if (caught > 0) parts.push(`${count(caught)} caught`);
  if (aborted > 0) parts.push(`${count(aborted)} aborted`);
  if (retries > 0) parts.push(`${count(retries)} retried`);
  return parts.join(" · ");
}

function emphasisOf({ from, to }: DrawnEdge, states: MachineFigures): DrawnEdge["emphasis"] {
  if (from === "#start") return states[to]?.entered ? "taken" : "muted";
  const figures = states[from];
  if (!figures || figures.entered === 0) return "muted";
  if (to === "#end") return figures.succeeded + figures.failed > 0 ? "taken" : "plain";
  if (figures.next[to]) return "taken";
  return figures.running > 0 && Object.keys(figures.next).length === 0 ? "plain" : "muted";
}
