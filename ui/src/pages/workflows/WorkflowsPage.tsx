import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useState } from "react";
import { workflowsQuery } from "../../api/catalog";
import type { Counts, Status, WorkflowSummary } from "../../api/client";
import { failuresQuery } from "../../api/queries";
import { count } from "../../lib/format";
import { fuzzyRank } from "../../lib/fuzzy";
import { buttonClasses } from "../../ui/Button";
import { Loaded } from "../../ui/Loaded";
import { Command, Empty, Page } from "../../ui/Page";
import { SearchInput } from "../../ui/SearchInput";
import { StatusBadge } from "../../ui/StatusBadge";
import { Time } from "../../ui/Time";
import { KindLabel } from "./KindLabel";

const COUNTED: readonly Status[] = ["Running", "Failed", "Completed"];

export function WorkflowsPage() {
  const [text, setText] = useState("");
  const query = useQuery(workflowsQuery());
  return (
    <Page title="Workflows" actions={<SearchInput label="Find a workflow" text={text} onText={setText} />}>
      <div className="card overflow-x-auto">
        <Loaded query={query}>
          {({ workflows }) =>
            workflows.length === 0 ? (
              <NoWorkflows />
            ) : (
              <WorkflowTable workflows={fuzzyRank(text, workflows, ({ name }) => name)} />
            )
          }
        </Loaded>
      </div>
    </Page>
  );
}

function NoWorkflows() {
  return (
    <Empty title="No workflow is offered.">
      Run an app’s folder with <Command>partita dev FOLDER</Command>, put a state machine into its folder{" "}
      <Command>workflows</Command>, or connect a worker.
    </Empty>
  );
}

function WorkflowTable({ workflows }: { workflows: readonly WorkflowSummary[] }) {
  const failures = useQuery(failuresQuery("status:failed completed<1d")).data?.instances ?? [];
  if (workflows.length === 0) return <Empty title="No workflow has this name." />;
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Workflow</th>
          <th scope="col">Kind</th>
          <th scope="col" className="max-lg:hidden">
            Versions
          </th>
          {COUNTED.map((status) => (
            <th key={status} scope="col" className="number">
              {status}
            </th>
          ))}
          <th scope="col" className="number">
            All
          </th>
          <th scope="col" className="max-lg:hidden">
            Last failure
          </th>
          <th scope="col">
            <span className="sr-only">Start</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {workflows.map((workflow) => (
          <WorkflowRow
            key={workflow.name}
            workflow={workflow}
            failedAt={failures.find(({ name }) => name === workflow.name)?.completedAt}
          />
        ))}
      </tbody>
    </table>
  );
}

interface WorkflowRowProps {
  workflow: WorkflowSummary;
  failedAt: string | null | undefined;
}

function WorkflowRow({ workflow: { name, kind, versions, description, instances }, failedAt }: WorkflowRowProps) {
  return (
    <tr>
      <td className="min-w-56">
        <Link to="/workflows/$name" params={{ name }} className="link break-all font-medium">
          {name}
        </Link>
        {description && <p className="line-clamp-2 text-muted text-xs">{description}</p>}
      </td>
      <td>
        <KindLabel kind={kind} />
      </td>
      <td className="max-w-48 truncate font-mono max-lg:hidden text-xs" title={versions?.join(", ")}>
        {shortVersions(versions)}
      </td>
      {COUNTED.map((status) => (
        <td key={status} className="number">
          <CountLink name={name} status={status} counts={instances} />
        </td>
      ))}
      <td className="number">
        <CountLink name={name} counts={instances} />
      </td>
      <td className="whitespace-nowrap text-muted max-lg:hidden">
        {failedAt ? <Time at={failedAt} /> : "none in a day"}
      </td>
      <td className="number">
        <Link
          to="/workflows/$name"
          params={{ name }}
          search={{ part: "start" }}
          aria-label={`Start ${name}`}
          className={buttonClasses({ small: true })}
        >
          <Play aria-hidden className="size-3.5" /> Start
        </Link>
      </td>
    </tr>
  );
}

function shortVersions(versions: readonly string[] | undefined): string {
  const last = versions?.at(-1);
  if (!versions || !last) return "–";
  return versions.length === 1 ? last : `${last} +${versions.length - 1}`;
}

interface CountLinkProps {
  name: string;
  status?: Status;
  counts: Counts | undefined;
}

function CountLink({ name, status, counts }: CountLinkProps) {
  const value = status ? counts?.byStatus[status] : counts?.total;
  if (!value) return <span className="text-muted">{counts ? 0 : "–"}</span>;
  const q = `${status ? `status:${status.toLowerCase()} ` : ""}name:"${name}"`;
  const tone = status === "Failed" ? "text-bad" : "";
  return (
    <Link to="/instances" search={{ q }} className={`underline-offset-2 hover:underline ${tone}`}>
      {count(value)}
    </Link>
  );
}

/** Counts in words, each leading to its instances. */
export function CountLinks({ name, counts }: { name: string; counts: Counts }) {
  const statuses = (Object.keys(counts.byStatus) as Status[]).filter((status) => counts.byStatus[status]);
  if (statuses.length === 0) return <span className="text-muted">never started</span>;
  return (
    <span className="flex flex-wrap gap-x-4 gap-y-1">
      {statuses.map((status) => (
        <span key={status} className="flex items-center gap-1.5 tabular-nums">
          <StatusBadge status={status} /> <CountLink name={name} status={status} counts={counts} />
        </span>
      ))}
    </span>
  );
}
