import {
  Ban,
  Box,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CirclePlay,
  CircleX,
  Clock,
  GitFork,
  Layers,
  type LucideIcon,
  OctagonX,
  Radio,
  Repeat,
  Split,
  SquareFunction,
  Workflow,
} from "lucide-react";
import type { DrawnNode, Look } from "./model";

interface Shown {
  Icon: LucideIcon;
  words: string;
  tone: string;
  border: string;
}

export const LOOKS: Record<Look, Shown> = {
  idle: { Icon: CircleDashed, words: "Not entered", tone: "text-muted", border: "border-line" },
  running: { Icon: CirclePlay, words: "Running", tone: "text-busy", border: "border-busy" },
  succeeded: { Icon: CircleCheck, words: "Succeeded", tone: "text-good", border: "border-good/60" },
  failed: { Icon: CircleX, words: "Failed", tone: "text-bad", border: "border-bad" },
  caught: { Icon: CircleAlert, words: "Failed, caught", tone: "text-wait", border: "border-wait" },
  aborted: { Icon: Ban, words: "Aborted", tone: "text-muted", border: "border-line" },
};

const KINDS: Record<string, LucideIcon> = {
  Task: SquareFunction,
  activity: SquareFunction,
  Choice: Split,
  Parallel: GitFork,
  Map: Repeat,
  Wait: Clock,
  timer: Clock,
  event: Radio,
  "awaited event": Radio,
  "sub-orchestration": Workflow,
  Succeed: CircleCheck,
  Fail: OctagonX,
  many: Layers,
};

interface NodeCardProps {
  node: DrawnNode;
  selected: boolean;
  onSelect: ((id: string) => void) | undefined;
}

/** A box of a drawing; a button when there is something to show about it. */
export function NodeCard({ node, selected, onSelect }: NodeCardProps) {
  if (node.shape === "label") return <span className="block truncate text-muted text-xs">{node.title}</span>;
  if (node.shape === "mark") {
    const { border, tone } = LOOKS[node.look ?? "idle"];
    return (
      <div
        className={`flex size-full items-center justify-center rounded-full border bg-raised text-xs ${border} ${tone}`}
      >
        {node.title}
      </div>
    );
  }
  const { border } = LOOKS[node.look ?? "idle"];
  const group = node.shape === "group";
  const frame = [
    "size-full rounded-lg border text-left",
    border,
    node.look === undefined || node.look === "idle" ? "" : "border-[1.5px]",
    group ? "bg-raised/40" : node.muted ? "bg-canvas" : "bg-surface shadow-xs",
    node.muted ? "border-dashed border-muted/50!" : "",
    selected ? "outline-2 outline-accent outline-offset-2" : "",
  ].join(" ");
  if (group || !onSelect) {
    return (
      <div className={frame}>
        {group && onSelect ? (
          <button
            type="button"
            className="block w-full rounded-t-lg text-left hover:bg-raised"
            onClick={() => onSelect(node.id)}
          >
            <Words node={node} />
          </button>
        ) : (
          <Words node={node} />
        )}
      </div>
    );
  }
  return (
    <button type="button" className={`${frame} hover:bg-raised`} onClick={() => onSelect(node.id)}>
      <Words node={node} />
    </button>
  );
}

function Words({ node: { title, detail, kind, look, figures, counted, muted } }: { node: DrawnNode }) {
  const Kind = KINDS[kind] ?? Box;
  const shown = look && LOOKS[look];
  const line = [counted ? "" : shown?.words, figures || (shown ? "" : detail)].filter(Boolean).join(" · ");
  return (
    <span className="flex h-full min-h-10 items-center gap-2 px-2.5 py-1">
      <Kind aria-hidden className={`size-4 shrink-0 ${muted ? "text-muted" : "text-ink"}`} />
      <span className="min-w-0 flex-1 leading-tight">
        <span className={`block truncate font-medium text-[13px] ${muted ? "text-muted" : ""}`} title={title}>
          {title}
        </span>
        <span className="block truncate text-muted text-xs" title={`${line} · ${detail}`}>
          {counted && <span className="sr-only">{shown?.words} </span>}
          {line}
        </span>
      </span>
      {shown && look !== "idle" && <shown.Icon aria-hidden className={`size-4.5 shrink-0 ${shown.tone}`} />}
    </span>
  );
}
