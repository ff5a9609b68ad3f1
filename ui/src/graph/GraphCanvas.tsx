import {
  BaseEdge,
  Controls,
  type Edge,
  type EdgeProps,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  type ReactFlowInstance,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { createContext, useContext, useEffect, useMemo, useRef, useState } from "react";
import { smoothPath } from "./arrange";
import type { Drawing, DrawnEdge, DrawnNode } from "./model";
import { NodeCard } from "./NodeCard";

type FlowNode = Node<{ drawn: DrawnNode }, "drawn">;
type FlowEdge = Edge<{ drawn: DrawnEdge }, "drawn">;

interface Selection {
  selected: string | undefined;
  select: ((id: string) => void) | undefined;
}

const SelectionContext = createContext<Selection>({ selected: undefined, select: undefined });

const NODE_TYPES = { drawn: DrawnNodeView };
const EDGE_TYPES = { drawn: DrawnEdgeView };

const STROKES: Record<DrawnEdge["emphasis"], string> = {
  plain: "var(--color-muted)",
  taken: "var(--color-accent)",
  muted: "color-mix(in srgb, var(--color-muted) 45%, transparent)",
};

interface GraphCanvasProps {
  drawing: Drawing;
  /** Changes when what is drawn is another thing: the view is fitted anew. */
  fitKey: string;
  label: string;
  selected?: string | undefined;
  onSelect?: ((id: string) => void) | undefined;
}

/** A drawing to look at, pan and zoom. */
export function GraphCanvas({ drawing, fitKey, label, selected, onSelect }: GraphCanvasProps) {
  const nodes = useMemo(() => drawing.nodes.map(flowNode), [drawing]);
  const edges = useMemo(() => drawing.edges.map(flowEdge), [drawing]);
  const { frame, moved, setFlow } = useFit(drawing, fitKey);
  const selection = useMemo(() => ({ selected, select: onSelect }), [selected, onSelect]);
  return (
    <section ref={frame} aria-label={label} className="graph size-full min-h-0">
      <SelectionContext value={selection}>
        <ReactFlow
          key={fitKey}
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          zoomOnDoubleClick={false}
          defaultViewport={START}
          onInit={setFlow}
          onMove={(event) => {
            if (event) moved.current = true;
          }}
          fitViewOptions={{ maxZoom: 1, padding: 0.06 }}
          minZoom={0.05}
          maxZoom={2}
          proOptions={{ hideAttribution: true }}
        >
          <Controls showInteractive={false} />
        </ReactFlow>
      </SelectionContext>
    </section>
  );
}

const START = { x: 0, y: 0, zoom: 1 };
const MARGIN_PX = 20;
/** Smaller than this, text cannot be read: what is larger begins at the top. */
const LEGIBLE = 0.62;

/** Shows the whole drawing, or its top, until somebody moves it. */
function useFit(drawing: Drawing, fitKey: string) {
  const frame = useRef<HTMLElement>(null);
  const moved = useRef(false);
  const [flow, setFlow] = useState<ReactFlowInstance<FlowNode, FlowEdge>>();
  const extent = useMemo(() => extentOf(drawing), [drawing]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another drawing is fitted although the last one was moved.
  useEffect(() => {
    moved.current = false;
  }, [fitKey]);
  useEffect(() => {
    const element = frame.current;
    if (!element || !flow) return;
    const observer = new ResizeObserver(() => {
      if (!moved.current) void flow.setViewport(viewportFor(extent, element.clientWidth, element.clientHeight));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [flow, extent]);
  return { frame, moved, setFlow };
}

function extentOf({ nodes }: Drawing): { width: number; height: number } {
  return {
    width: Math.max(1, ...nodes.map(({ x, width }) => x + width)),
    height: Math.max(1, ...nodes.map(({ y, height }) => y + height)),
  };
}

function viewportFor(extent: { width: number; height: number }, width: number, height: number) {
  const whole = Math.min((width - 2 * MARGIN_PX) / extent.width, (height - 2 * MARGIN_PX) / extent.height, 1);
  const zoom = Math.max(whole, LEGIBLE);
  const y = Math.max(MARGIN_PX, (height - extent.height * zoom) / 2);
  return { x: (width - extent.width * zoom) / 2, y: Math.min(y, 80), zoom };
}

function flowNode(drawn: DrawnNode): FlowNode {
  const { id, x, y, width, height, depth, shape } = drawn;
  const zIndex = shape === "group" ? depth * 2 : depth * 2 + 1;
  const style = { pointerEvents: "all" } as const;
  return { id, type: "drawn", position: { x, y }, width, height, zIndex, style, data: { drawn } };
}

function flowEdge(drawn: DrawnEdge): FlowEdge {
  const { id, from, to, depth } = drawn;
  return { id, type: "drawn", source: from, target: to, zIndex: depth * 2 + 1, data: { drawn } };
}

function DrawnNodeView({ data: { drawn } }: NodeProps<FlowNode>) {
  const { selected, select } = useContext(SelectionContext);
  return (
    <>
      <Handle type="target" position={Position.Top} className="invisible" />
      <NodeCard node={drawn} selected={selected === drawn.id} onSelect={select} />
      <Handle type="source" position={Position.Bottom} className="invisible" />
    </>
  );
}

function DrawnEdgeView({ id, data }: EdgeProps<FlowEdge>) {
  if (!data) return null;
  const { points, dashed, emphasis, label, labelAt } = data.drawn;
  const stroke = STROKES[emphasis];
  return (
    <>
      <BaseEdge
        id={id}
        path={smoothPath(points)}
        style={{ stroke, strokeWidth: emphasis === "taken" ? 2 : 1.25, ...(dashed && { strokeDasharray: "5 4" }) }}
      />
      <path d={arrowHead(points)} fill={stroke} />
      {labelAt && (
        <text
          x={labelAt.x}
          y={labelAt.y}
          textAnchor="middle"
          dominantBaseline="central"
          className={`edge-label ${emphasis === "taken" ? "fill-ink" : "fill-muted"}`}
        >
          {label}
        </text>
      )}
    </>
  );
}

const HEAD_PX = 7;

/** A triangle at the line's end, in its direction. */
function arrowHead(points: DrawnEdge["points"]): string {
  const [from, to] = points.slice(-2);
  if (!from || !to) return "";
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [dx, dy] = [((to.x - from.x) / length) * HEAD_PX, ((to.y - from.y) / length) * HEAD_PX];
  const corner = (side: number) => `${to.x - dx + (side * dy) / 2},${to.y - dy - (side * dx) / 2}`;
  return `M${to.x},${to.y}L${corner(1)}L${corner(-1)}Z`;
}
