import { Graph, layout } from "@dagrejs/dagre";

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface BoxIn extends Size {
  id: string;
}

export interface LineIn {
  id: string;
  from: string;
  to: string;
  /** Room that its label takes. */
  label?: Size;
}

export interface Arranged extends Size {
  /** Top left corners. */
  boxes: Map<string, Point>;
  lines: Map<string, { points: Point[]; label: Point | undefined }>;
}

/** Where boxes and lines go, from the top to the bottom. */
export function arrange(boxes: readonly BoxIn[], lines: readonly LineIn[], nodesep = 28, ranksep = 30): Arranged {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep, ranksep });
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const { id, from, to, label } of lines) graph.setEdge(from, to, { ...label, labelpos: "c" }, id);
  layout(graph);
  const placed = new Map<string, Point>();
  for (const { id, width, height } of boxes) {
    const { x, y } = graph.node(id);
    placed.set(id, { x: x - width / 2, y: y - height / 2 });
  }
  const drawn: Arranged["lines"] = new Map();
  for (const { id, from, to, label } of lines) {
    const { points = [], x, y } = graph.edge(from, to, id) as { points?: Point[]; x?: number; y?: number };
    drawn.set(id, { points, label: label && x !== undefined && y !== undefined ? { x, y } : undefined });
  }
  const { width = 0, height = 0 } = graph.graph();
  return { boxes: placed, lines: drawn, width: Math.max(width, 0), height: Math.max(height, 0) };
}

/** A smooth line: the points between are what it bends towards. */
export function smoothPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const bends = rest.map((point, index) => {
    const next = rest[index + 1];
    return next ? quadratic(point, middle(point, next)) : `L${point.x},${point.y}`;
  });
  return `M${first.x},${first.y}${bends.join("")}`;
}

function quadratic(control: Point, to: Point): string {
  return `Q${control.x},${control.y} ${to.x},${to.y}`;
}

function middle(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
