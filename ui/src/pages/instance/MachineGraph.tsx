import type { Execution } from "../../api/execution";
import { StateMachineGraph } from "../../graph/StateMachineGraph";
import { StatePanel } from "./StatePanel";
import { useView } from "./view";

/** The state machine that an instance runs, with how each state stands. */
export function MachineGraph({ execution }: { execution: Execution }) {
  const [{ step: selected }, change] = useView();
  const path = selected?.startsWith("/") ? selected : undefined;
  return (
    <div className="relative lg:flex">
      <div className="h-[calc(100dvh-17rem)] min-h-[30rem] min-w-0 lg:flex-1">
        <StateMachineGraph
          definition={execution.definition}
          status={execution.states}
          selected={path}
          onSelect={(state) => change({ step: state === path ? undefined : state })}
        />
      </div>
      {path && <StatePanel key={path} path={path} execution={execution} close={() => change({ step: undefined })} />}
    </div>
  );
}
