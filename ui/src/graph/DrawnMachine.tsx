import { useMemo } from "react";
import type { AslScope } from "../lib/asl";
import { withFigures } from "./figures";
import { GraphCanvas } from "./GraphCanvas";
import { layoutMachine } from "./machine";
import type { StateMachineGraphProps } from "./StateMachineGraph";

interface DrawnMachineProps extends Omit<StateMachineGraphProps, "definition"> {
  scope: AslScope;
}

export function DrawnMachine({ scope, status, selected, onSelect }: DrawnMachineProps) {
  const drawing = useMemo(() => layoutMachine(scope), [scope]);
  const shown = useMemo(() => withFigures(drawing, status), [drawing, status]);
  const fitKey = useMemo(() => drawing.nodes.map(({ id }) => id).join(" "), [drawing]);
  return <GraphCanvas drawing={shown} fitKey={fitKey} label="State machine" selected={selected} onSelect={onSelect} />;
}
