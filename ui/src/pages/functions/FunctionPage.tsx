import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { functionQuery, functionsQuery } from "../../api/catalog";
import { isMissing } from "../../api/client";
import { useLogTail } from "../../api/logTail";
import type { FunctionDetail } from "../../api/pending";
import type { FunctionTab } from "../../router";
import { ProblemNote } from "../../ui/Loaded";
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

/** What is known of a function: servers that tell nothing of single ones tell it in their list. */
function useFunction(name: string): { known: FunctionDetail | undefined; error: Error | null } {
  const one = useQuery(functionQuery(name));
  const all = useQuery(functionsQuery());
  const listed = all.data?.functions.find((each) => each.name === name);
  const known = one.data ?? (isMissing(one.error) ? listed : undefined);
  return { known, error: known || (isMissing(one.error) && all.isPending) ? null : one.error };
}

export function FunctionPage() {
  const { name } = route.useParams();
  const { part: tab = "calls" } = route.useSearch();
  const { known, error } = useFunction(name);
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
      {error && <ProblemNote error={error} />}
      {!known && !error && <Skeleton rows={8} />}
      {known && tab === "calls" && <Calls known={known} />}
      {known && tab === "invoke" && <InvokePanel key={name} name={name} />}
      {known && tab === "logs" && <Logs name={name} />}
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
