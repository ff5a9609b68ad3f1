import { CircleCheck, CircleX, Hammer } from "lucide-react";
import type { FunctionSummary } from "../../api/client";

type Host = NonNullable<FunctionSummary["host"]>;

const LOOKS = {
  ready: { tone: "text-good", icon: CircleCheck },
  building: { tone: "text-wait", icon: Hammer },
  broken: { tone: "text-bad", icon: CircleX },
} as const satisfies Record<Host["state"], unknown>;

/** Whether processes of a function can be started. */
export function HostState({ host: { state, reason } }: { host: Host }) {
  const { tone, icon: Icon } = LOOKS[state];
  return (
    <span className={`inline-flex items-center gap-1.5 align-top font-medium ${tone}`} title={reason}>
      <Icon aria-hidden className="size-4" />
      {state}
    </span>
  );
}
