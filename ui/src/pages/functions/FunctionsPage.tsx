import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { functionsQuery } from "../../api/catalog";
import type { FunctionSummary } from "../../api/client";
import { count } from "../../lib/format";
import { fuzzyRank } from "../../lib/fuzzy";
import { shortNumber, shortSeconds } from "../../lib/series";
import { Loaded } from "../../ui/Loaded";
import { Command, Empty, Page } from "../../ui/Page";
import { SearchInput } from "../../ui/SearchInput";
import { HostState } from "./HostState";

export function FunctionsPage() {
  const [text, setText] = useState("");
  const query = useQuery(functionsQuery());
  return (
    <Page title="Functions" actions={<SearchInput label="Find a function" text={text} onText={setText} />}>
      <div className="card overflow-x-auto">
        <Loaded query={query}>
          {({ functions }) =>
            functions.length === 0 ? (
              <Empty title="No function is offered.">
                Put one into the app’s folder as <Command>functions/NAME/func.py</Command>, name a URL in its{" "}
                <Command>partita.toml</Command>, or connect a worker.
              </Empty>
            ) : (
              <FunctionTable functions={fuzzyRank(text, functions, ({ name }) => name)} />
            )
          }
        </Loaded>
      </div>
    </Page>
  );
}

function FunctionTable({ functions }: { functions: readonly FunctionSummary[] }) {
  if (functions.length === 0) return <Empty title="No function has this name." />;
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Function</th>
          <th scope="col">Offered by</th>
          <th scope="col">State</th>
          <th scope="col" className="number">
            Running
          </th>
          <th scope="col" className="number">
            Waiting
          </th>
          <th scope="col" className="number">
            Calls/s
          </th>
          <th scope="col" className="number max-lg:hidden">
            p50
          </th>
          <th scope="col" className="number">
            p95
          </th>
          <th scope="col" className="number">
            Calls
          </th>
          <th scope="col" className="number">
            Failed
          </th>
          <th scope="col" className="number max-lg:hidden">
            Cold starts
          </th>
        </tr>
      </thead>
      <tbody>
        {functions.map((each) => (
          <FunctionRow key={each.name} offered={each} />
        ))}
      </tbody>
    </table>
  );
}

export function offeredBy({ kind, host }: FunctionSummary): string {
  if (host) return `processes, ${host.runtime}`;
  return { code: "code of an app", hosted: "processes", endpoint: "a URL", worker: "workers" }[kind];
}

function number(value: number | undefined, format: (value: number) => string = count) {
  return value === undefined ? <span className="text-muted">–</span> : format(value);
}

function FunctionRow({ offered }: { offered: FunctionSummary }) {
  const { name, host, calls } = offered;
  return (
    <tr>
      <td>
        <Link to="/functions/$name" params={{ name }} className="link break-words font-medium">
          {name}
        </Link>
      </td>
      <td className="text-muted">{offeredBy(offered)}</td>
      <td>{host ? <HostState host={host} /> : <span className="text-muted">–</span>}</td>
      <td className="number">
        {count(calls.running)}
        {host && <span className="text-muted"> / {count(host.maxProcesses)}</span>}
      </td>
      <td className={`number ${host?.waiting ? "text-wait" : ""}`}>{number(host?.waiting)}</td>
      <td className="number">{shortNumber(calls.perSecond)}</td>
      <td className="number max-lg:hidden">{number(calls.p50Seconds, shortSeconds)}</td>
      <td className="number">{number(calls.p95Seconds, shortSeconds)}</td>
      <td className="number">{count(calls.total)}</td>
      <td className={`number ${calls.failed ? "text-bad" : ""}`}>{count(calls.failed)}</td>
      <td className="number max-lg:hidden">{number(host?.coldStarts)}</td>
    </tr>
  );
}
