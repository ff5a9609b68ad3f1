import {
  Boxes,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  CircleX,
  Clock,
  Lock,
  type LucideIcon,
  Radio,
  Send,
  SquareFunction,
  Workflow,
} from "lucide-react";
import { type Outcome, outcomeOf, type Step, type StepKind } from "./steps";

const KINDS: Record<StepKind, LucideIcon> = {
  activity: SquareFunction,
  "sub-orchestration": Workflow,
  timer: Clock,
  event: Radio,
  entity: Boxes,
  lock: Lock,
  message: Send,
};

const OUTCOMES: Record<Outcome, { Icon: LucideIcon; tone: string }> = {
  open: { Icon: CircleDashed, tone: "text-busy" },
  done: { Icon: CircleCheck, tone: "text-good" },
  failed: { Icon: CircleX, tone: "text-bad" },
  cancelled: { Icon: CircleSlash, tone: "text-muted" },
};

/** What kind of step it is, and how it went; the words are beside it. */
export function StepIcon({ step }: { step: Step }) {
  const Kind = KINDS[step.kind];
  const { Icon, tone } = OUTCOMES[outcomeOf(step)];
  return (
    <span aria-hidden className="flex shrink-0 gap-1">
      <Icon className={`size-4 ${tone}`} />
      <Kind className="size-4 text-muted" />
    </span>
  );
}
