import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, useContext } from "react";
import type { InstanceDetail } from "../../api/client";
import { HistoryContext } from "../../api/useHistory";
import { ChildTree } from "./ChildTree";
import { Graph } from "./Graph";
import { HistoryView } from "./HistoryView";
import { InstanceLogs } from "./InstanceLogs";
import { Payloads } from "./Payloads";
import { Timeline } from "./Timeline";
import { INSTANCE_TABS, type InstanceTab, useView, type ViewSearch } from "./view";

const TABS: Record<InstanceTab, string> = {
  graph: "Graph",
  timeline: "Timeline",
  history: "History",
  data: "Input and output",
  logs: "Logs",
  children: "Children",
};
/** What a history file does not have. */
const ONLINE: readonly InstanceTab[] = ["logs", "children"];
/** A longer history is not loaded whole, for the graph, unless that is asked for. */
const MAX_DRAWN_AT_ONCE = 10_000;

export function InstanceTabs({ instance }: { instance: InstanceDetail }) {
  const offline = useContext(HistoryContext) !== undefined;
  const [{ tab = instance.historyEvents > MAX_DRAWN_AT_ONCE ? "history" : "graph" }] = useView();
  const tabs = offline ? INSTANCE_TABS.filter((each) => !ONLINE.includes(each)) : INSTANCE_TABS;
  return (
    <div className="flex min-h-96 flex-1 flex-col gap-3">
      <div
        role="tablist"
        aria-label="Views of the instance"
        className="flex gap-1 overflow-x-auto overflow-y-hidden border-line border-b"
        onKeyDown={moveFocus}
      >
        {tabs.map((each) => (
          <Link
            key={each}
            id={`tab-${each}`}
            role="tab"
            to="."
            search={(was: ViewSearch) => ({ ...was, tab: each })}
            replace
            aria-selected={each === tab}
            aria-controls="tab-panel"
            tabIndex={each === tab ? 0 : -1}
            className="-mb-px whitespace-nowrap border-transparent border-b-2 px-3 py-1.5 text-muted -outline-offset-2 hover:text-ink aria-selected:border-accent aria-selected:font-medium aria-selected:text-ink"
          >
            {TABS[each]}
          </Link>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} className="flex min-w-0 flex-1 flex-col">
        <TabContent tab={tab} instance={instance} />
      </div>
    </div>
  );
}

/** The arrows move between tabs, and Space opens one, as Enter does. */
function moveFocus(event: KeyboardEvent<HTMLDivElement>): void {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement)) return;
  if (event.key === " ") focused.click();
  else if (event.key === "ArrowRight") (focused.nextElementSibling as HTMLElement | null)?.focus();
  else if (event.key === "ArrowLeft") (focused.previousElementSibling as HTMLElement | null)?.focus();
  else return;
  event.preventDefault();
}

function TabContent({ tab, instance }: { tab: InstanceTab; instance: InstanceDetail }) {
  switch (tab) {
    case "graph":
      return <Graph instance={instance} />;
    case "timeline":
      return <Timeline instance={instance} />;
    case "history":
      return <HistoryView key={instance.executionId} instance={instance} />;
    case "data":
      return <Payloads instance={instance} />;
    case "logs":
      return <InstanceLogs instance={instance} />;
    case "children":
      return <ChildTree instance={instance} />;
  }
}
