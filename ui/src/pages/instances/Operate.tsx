import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { count } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Menu, MenuItem } from "../../ui/Menu";
import { BulkDialog } from "./BulkDialog";
import { OPERATION_NAMES, OPERATIONS, type Operation } from "./operations";

interface OperateProps {
  text: string;
  /** Whether the filter can be used: it is understood, and not empty. */
  usable: boolean;
  selected: ReadonlySet<string>;
  onSelected: (selected: ReadonlySet<string>) => void;
}

/** Operations on all instances that pass the filter. */
export function OperateOnAll({ text, usable }: Pick<OperateProps, "text" | "usable">) {
  const [operation, setOperation] = useState<Operation>();
  return (
    <>
      <Menu
        trigger={
          <Button disabled={!usable} title={usable ? undefined : "Filter the list first: this is for all that match"}>
            All that match <ChevronDown aria-hidden className="size-4" />
          </Button>
        }
      >
        {OPERATION_NAMES.map((each) => (
          <MenuItem key={each} onSelect={() => setOperation(each)}>
            {OPERATIONS[each].label}…
          </MenuItem>
        ))}
      </Menu>
      {operation && (
        <BulkDialog operation={operation} target={{ text }} close={() => setOperation(undefined)} onDone={() => {}} />
      )}
    </>
  );
}

/** Operations on the rows that were selected; not there without any. */
export function OperateOnSelected({ selected, onSelected }: Pick<OperateProps, "selected" | "onSelected">) {
  const [operation, setOperation] = useState<Operation>();
  const [ids, setIds] = useState<readonly string[]>([]);
  const open = (each: Operation) => {
    setIds([...selected]);
    setOperation(each);
  };
  return (
    <>
      {selected.size > 0 && (
        <div
          role="toolbar"
          aria-label="Selected instances"
          className="card flex flex-wrap items-center gap-2 border-accent/40 bg-accent/8 px-3 py-1.5"
        >
          <span className="mr-2 font-medium tabular-nums">{count(selected.size)} selected</span>
          {OPERATION_NAMES.map((each) => (
            <Button key={each} look={OPERATIONS[each].final ? "danger" : "plain"} small onClick={() => open(each)}>
              {OPERATIONS[each].label}
            </Button>
          ))}
          <Button look="quiet" small className="ml-auto" onClick={() => onSelected(new Set())}>
            Clear
          </Button>
        </div>
      )}
      {operation && (
        <BulkDialog
          operation={operation}
          target={{ ids }}
          close={() => setOperation(undefined)}
          onDone={() => onSelected(new Set())}
        />
      )}
    </>
  );
}
