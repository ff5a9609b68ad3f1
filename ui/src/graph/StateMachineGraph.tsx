import { lazy, Suspense, useMemo } from "react";
import { readDefinition } from "../lib/asl";
import type { MachineFigures } from "./figures";

const Drawn = lazy(() => import("./DrawnMachine").then((module) => ({ default: module.DrawnMachine })));

export interface StateMachineGraphProps {
  /** A definition as a value; it may be unfinished or nonsense. */
  definition: unknown;
  /** What happened in its states, by their pointers; none for the definition alone. */
  status?: MachineFigures | undefined;
  /** Pointer of the state that is selected. */
  selected?: string | undefined;
  onSelect?: ((path: string) => void) | undefined;
}

/** A state machine as a graph, filling its container; the code that draws is loaded when it is needed. */
export function StateMachineGraph({ definition, ...rest }: StateMachineGraphProps) {
  // Definitions come anew with each answer: what they say decides whether they are drawn anew.
  const text = JSON.stringify(definition) ?? "";
  const scope = useMemo(() => readDefinition(text === "" ? undefined : JSON.parse(text)), [text]);
  if (scope.states.length === 0) {
    return <p className="p-6 text-center text-muted">There are no states to draw yet.</p>;
  }
  return (
    <Suspense fallback={<p className="p-4 text-muted">Loading…</p>}>
      <Drawn scope={scope} {...rest} />
    </Suspense>
  );
}
