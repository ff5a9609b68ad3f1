import {
  Ban,
  CircleCheck,
  CircleDashed,
  CirclePause,
  CirclePlay,
  CircleStop,
  CircleX,
  type LucideIcon,
  RotateCw,
  TriangleAlert,
} from "lucide-react";
import type { Status } from "../api/client";

interface Look {
  tone: string;
  icon: LucideIcon;
  label: string;
}

/** Each status has a mark of its own, so that colour is never the only difference. */
const LOOKS: Record<Status, Look> = {
  Pending: { tone: "text-muted", icon: CircleDashed, label: "Pending" },
  Running: { tone: "text-busy", icon: CirclePlay, label: "Running" },
  Suspended: { tone: "text-wait", icon: CirclePause, label: "Suspended" },
  Completed: { tone: "text-good", icon: CircleCheck, label: "Completed" },
  Failed: { tone: "text-bad", icon: CircleX, label: "Failed" },
  Terminated: { tone: "text-stop", icon: CircleStop, label: "Terminated" },
  Canceled: { tone: "text-muted", icon: Ban, label: "Canceled" },
  ContinuedAsNew: { tone: "text-muted", icon: RotateCw, label: "Continued" },
};

export function StatusBadge({ status, setAside = false }: { status: Status; setAside?: boolean }) {
  const { tone, icon: Icon, label } = LOOKS[status];
  return (
    <span className={`inline-flex min-w-0 items-center align-top gap-1.5 whitespace-nowrap font-medium ${tone}`}>
      <Icon aria-hidden className="size-4 shrink-0" />
      {label}
      {setAside && (
        <span title="Set aside after failed turns" className="inline-flex items-center gap-0.5 text-wait text-xs">
          <TriangleAlert aria-hidden className="size-3.5" /> set aside
        </span>
      )}
    </span>
  );
}
