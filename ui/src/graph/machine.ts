import type { AslEdge, AslScope, AslState } from "../lib/asl";
import { type Arranged, arrange, type BoxIn, type LineIn, type Size } from "./arrange";
import type { Drawing, DrawnNode } from "./model";

const CARD: Size = { width: 240, height: 48 };
const MARK: Size = { width: 64, height: 26 };
const HEAD = 42;
const PAD = 14;
const BRANCH_LABEL = 20;
const LABEL_CHAR_PX = 6.1;
const LABEL_PX = 16;

/** A scope that has been laid out, at 0, 0. */
interface Laid extends Size {
  drawing: Drawing;
}

const NOTHING = { detail: "", look: undefined, figures: "", counted: false, muted: false } as const;

/** Where a state machine's states and lines go. Branches are laid out first, as what their state has room for. */
export function layoutMachine(scope: AslScope): Drawing {
  return layoutScope(scope, 0, true).drawing;
}

function layoutScope(scope: AslScope, depth: number, marks: boolean): Laid {
  const inner = new Map(scope.states.map((state) => [state.path, state.inner.map((each) => layoutInner(each, depth))]));
  const boxes: BoxIn[] = scope.states.map(({ path }) => ({ id: path, ...sizeOf(inner.get(path) ?? []) }));
  const lines: LineIn[] = scope.edges.map((edge) => ({ id: edgeId(edge), ...ends(edge), ...room(edge.label) }));
  if (marks) addMarks(scope, boxes, lines);
  const arranged = arrange(boxes, lines);
  const drawing: Drawing = { nodes: [], edges: [] };
  for (const box of boxes) {
    const state = scope.states.find(({ path }) => path === box.id);
    const node = state ? stateNode(state, box, arranged, depth) : markNode(box, arranged);
    drawing.nodes.push(node);
    if (state) placeInner(drawing, node, inner.get(state.path) ?? []);
  }
  for (const line of lines) {
    const edge = scope.edges.find((each) => edgeId(each) === line.id);
    const { points = [], label } = arranged.lines.get(line.id) ?? {};
    drawing.edges.push({
      id: line.id,
      from: line.from,
      to: line.to,
      depth,
      points,
      label: edge?.label ?? "",
      labelAt: label,
      dashed: edge?.kind === "catch",
      emphasis: "plain",
    });
  }
  return { drawing, width: arranged.width, height: arranged.height };
}

function layoutInner(scope: AslScope, depth: number): { label: string; path: string } & Laid {
  return { label: scope.label, path: scope.path, ...layoutScope(scope, depth + 1, false) };
}

/** A state with branches is as large as they are beside each other. */
function sizeOf(inner: readonly Size[]): Size {
  if (inner.length === 0) return CARD;
  const width = inner.reduce((sum, each) => sum + Math.max(each.width, CARD.width / 2) + PAD, PAD);
  const height = Math.max(...inner.map((each) => each.height)) + HEAD + BRANCH_LABEL + PAD;
  return { width: Math.max(width, CARD.width), height };
}

function placeInner(drawing: Drawing, group: DrawnNode, inner: readonly ReturnType<typeof layoutInner>[]): void {
  let x = group.x + PAD;
  const y = group.y + HEAD + BRANCH_LABEL;
  for (const { drawing: content, width, label, path } of inner) {
    const id = `${path}#label`;
    const size = { width: Math.max(width, CARD.width / 2), height: BRANCH_LABEL };
    const place = { x, y: y - BRANCH_LABEL, depth: group.depth + 1 };
    drawing.nodes.push({ ...NOTHING, ...place, ...size, id, shape: "label", title: label, kind: "label" });
    for (const node of content.nodes) drawing.nodes.push({ ...node, x: node.x + x, y: node.y + y });
    for (const edge of content.edges) {
      const moved = (point: { x: number; y: number }) => ({ x: point.x + x, y: point.y + y });
      const labelAt = edge.labelAt && moved(edge.labelAt);
      drawing.edges.push({ ...edge, points: edge.points.map(moved), labelAt });
    }
    x += size.width + PAD;
  }
}

function stateNode(state: AslState, box: BoxIn, arranged: Arranged, depth: number): DrawnNode {
  const { x, y } = arranged.boxes.get(box.id) ?? { x: 0, y: 0 };
  const { path: id, name: title, type: kind, detail, inner } = state;
  const shape = inner.length > 0 ? "group" : "card";
  return { ...NOTHING, id, x, y, width: box.width, height: box.height, depth, shape, title, kind, detail };
}

function markNode(box: BoxIn, arranged: Arranged): DrawnNode {
  const { x, y } = arranged.boxes.get(box.id) ?? { x: 0, y: 0 };
  const title = box.id === "#start" ? "Start" : "End";
  return { ...NOTHING, id: box.id, x, y, ...MARK, depth: 0, shape: "mark", title, kind: title };
}

function addMarks(scope: AslScope, boxes: BoxIn[], lines: LineIn[]): void {
  if (scope.start) {
    boxes.unshift({ id: "#start", ...MARK });
    lines.push({ id: "#start", from: "#start", to: scope.start });
  }
  const last = scope.states.filter(({ ends: isEnd }) => isEnd);
  if (last.length === 0) return;
  boxes.push({ id: "#end", ...MARK });
  for (const { path } of last) lines.push({ id: `${path}#end`, from: path, to: "#end" });
}

function edgeId({ from, to, kind }: AslEdge): string {
  return `${from}>${to}${kind === "catch" ? "!" : ""}`;
}

function ends({ from, to }: AslEdge): { from: string; to: string } {
  return { from, to };
}

function room(label: string): { label?: Size } {
  return label === "" ? {} : { label: { width: label.length * LABEL_CHAR_PX + 8, height: LABEL_PX } };
}
