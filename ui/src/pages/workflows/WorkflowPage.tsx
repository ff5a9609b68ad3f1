import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { lazy, Suspense } from "react";
import { workflowQuery } from "../../api/catalog";
import type { Workflow } from "../../api/client";
import type { WorkflowTab } from "../../router";
import { buttonClasses } from "../../ui/Button";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { Skeleton } from "../../ui/Skeleton";
import { Tabs } from "../../ui/Tabs";
import { KindLabel } from "./KindLabel";
import { Overview } from "./Overview";
import { StartTab } from "./StartTab";

const DefinitionTab = lazy(() => import("./DefinitionTab").then((module) => ({ default: module.DefinitionTab })));
const route = getRouteApi("/workflows/$name");

export function WorkflowPage() {
  const { name } = route.useParams();
  const { from, part: tab = from ? "start" : "runs" } = route.useSearch();
  const query = useQuery(workflowQuery(name));
  const tabs: (readonly [WorkflowTab, string])[] = [
    ["runs", "Overview"],
    ...(query.data?.definition ? [["definition", "Definition"] as const] : []),
    ["start", "Start"],
  ];
  return (
    <Page
      title={name}
      crumb={
        <Link to="/workflows" className="hover:underline">
          Workflows
        </Link>
      }
      aside={query.data && <KindLabel kind={query.data.kind} />}
      actions={
        tab !== "start" && (
          <Link
            to="."
            search={(was) => ({ ...was, part: "start" as const })}
            className={buttonClasses({ look: "solid" })}
          >
            <Play aria-hidden className="size-4" /> Start
          </Link>
        )
      }
    >
      {query.data?.description && <p className="max-w-4xl text-muted">{query.data.description}</p>}
      <Tabs label="Parts of the workflow" tabs={tabs} current={tab} />
      <Loaded query={query} missing={<NotOffered name={name} tab={tab} from={from} />}>
        {(workflow) => <TabContent name={name} tab={tab} from={from} workflow={workflow} />}
      </Loaded>
    </Page>
  );
}

function NotOffered(props: Omit<TabContentProps, "workflow">) {
  return (
    <>
      <p className="card px-4 py-2.5 text-wait">Nobody offers this workflow right now. Its instances are shown here.</p>
      <TabContent {...props} />
    </>
  );
}

interface TabContentProps {
  name: string;
  tab: WorkflowTab;
  from: string | undefined;
  /** Undefined when nobody offers it. */
  workflow?: Workflow;
}

function TabContent({ name, tab, from, workflow }: TabContentProps) {
  if (tab === "start") {
    return <StartTab key={`${name} ${from}`} name={name} from={from} schema={workflow?.inputSchema} />;
  }
  if (tab === "definition" && workflow?.definition) {
    return (
      <Suspense fallback={<Skeleton rows={10} />}>
        <DefinitionTab key={name} name={name} definition={workflow.definition} />
      </Suspense>
    );
  }
  return <Overview name={name} workflow={workflow} />;
}
