import { Link } from "@tanstack/react-router";
import type { FunctionTab, WorkflowTab } from "../router";

interface TabsProps<T extends FunctionTab | WorkflowTab> {
  label: string;
  /** Texts by value. */
  tabs: readonly (readonly [T, string])[];
  current: T;
}

/** Links between the parts of a page: each part has its URL. */
export function Tabs<T extends FunctionTab | WorkflowTab>({ label, tabs, current }: TabsProps<T>) {
  return (
    <nav aria-label={label} className="-mb-px flex gap-1 overflow-x-auto border-line border-b">
      {tabs.map(([tab, text]) => (
        <Link
          key={tab}
          to="."
          search={(was) => ({ ...was, part: tab })}
          aria-current={tab === current ? "page" : undefined}
          className="border-transparent border-b-2 px-3 py-2 text-muted -outline-offset-2 hover:text-ink aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-ink"
        >
          {text}
        </Link>
      ))}
    </nav>
  );
}
