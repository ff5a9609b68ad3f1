import { Code, Cpu, type LucideIcon, Waypoints } from "lucide-react";
import type { WorkflowKind } from "../../api/client";

const KINDS: Record<WorkflowKind, { label: string; icon: LucideIcon }> = {
  code: { label: "Code", icon: Code },
  stateMachine: { label: "State machine", icon: Waypoints },
  worker: { label: "Worker", icon: Cpu },
};

/** What a workflow is written in. */
export function KindLabel({ kind }: { kind: WorkflowKind | undefined }) {
  if (!kind) return <span className="text-muted">–</span>;
  const { label, icon: Icon } = KINDS[kind];
  return (
    <span className="inline-flex items-center gap-1.5 align-top whitespace-nowrap text-muted">
      <Icon aria-hidden className="size-4" />
      {label}
    </span>
  );
}
