import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { functionQuery } from "../../api/catalog";
import type { FunctionDetail } from "../../api/client";
import { useLogTail } from "../../api/logTail";
import type { FunctionTab } from "../../router";
import { Loaded, ProblemNote } from "../../ui/Loaded";
import { LogLines } from "../../ui/LogLines";
import { Page } from "../../ui/Page";
import { CALLS, LATENCY, SeriesCharts } from "../../ui/SeriesCharts";
import { Skeleton } from "../../ui/Skeleton";
import { Tabs } from "../../ui/Tabs";
import { FunctionFacts } from "./FunctionFacts";
import { offeredBy } from "./FunctionsPage";
import { HostState } from "./HostState";
import { InvokePanel } from "./InvokePanel";

const route = getRouteApi("/functions/$name");
const CHARTS = [CALLS, LATENCY];
const TABS: readonly (readonly [FunctionTab, string])[] = [
  ["calls", "Overview"],
  ["invoke", "Invoke"],
  ["logs", "Logs"],
];

export function FunctionPage() {
  const { name } = route.useParams();
  const { part: tab = "calls" } = route.useSearch();
  const query = useQuery(functionQuery(name));
  const { data: known } = query;
  return (
    <Page
      title={name}
      crumb={
        <Link to="/functions" className="hover:underline">
          Functions
        </Link>
      }
      aside={
        known && (
          <span className="inline-flex items-center gap-3">
            {offeredBy(known)}
            {known.host && <HostState host={known.host} />}
          </span>
        )
      }
    >
      <Tabs label="Parts of the function" tabs={TABS} current={tab} />
      <Loaded query={query} rows={8}>
        {(each) => {
          if (tab === "invoke") return <InvokePanel key={name} name={name} />;
          return tab === "logs" ? <Logs name={name} /> : <Calls known={each} />;
        }}
      </Loaded>
    </Page>
  );
}

function Calls({ known }: { known: FunctionDetail }) {
  const of = useMemo(() => ({ function: known.name }), [known.name]);
  return (
    <>
      <SeriesCharts of={of} figures={CHARTS} />
      <FunctionFacts known={known} />
    </>
  );
}

function Logs({ name }: { name: string }) {
  const { lines, state, error } = useLogTail(`/api/v1/functions/${encodeURIComponent(name)}/logs`);
  if (state === "failed" && error) return <ProblemNote error={error} />;
  if (state === "loading") return <Skeleton rows={8} />;
  return <LogLines lines={lines} functions={false} />;
}
