import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { FunctionDetail } from "../../api/client";
import { bytes, count } from "../../lib/format";
import { shortNumber, shortSeconds } from "../../lib/series";
import { Facts } from "../../ui/Facts";
import { Section } from "../../ui/Page";

type FactList = Record<string, ReactNode>;

export function FunctionFacts({ known: each }: { known: FunctionDetail }) {
  const runs = processFacts(each);
  return (
    <div className="grid items-start gap-4 md:grid-cols-2 xl:grid-cols-3">
      <Section title="Figures">
        <Facts facts={callFacts(each)} />
      </Section>
      {runs && (
        <Section title="Processes">
          <Facts facts={runs} />
        </Section>
      )}
      <Section title="Configuration and use">
        <Facts facts={usageFacts(each)} />
      </Section>
    </div>
  );
}

function callFacts({ calls, host }: FunctionDetail): FactList {
  return {
    Running: count(calls.running),
    Waiting: host && count(host.waiting),
    "In the last minute": `${shortNumber(calls.perSecond)} each second`,
    "Half take up to": calls.p50Seconds !== undefined ? shortSeconds(calls.p50Seconds) : undefined,
    "95% take up to": calls.p95Seconds !== undefined ? shortSeconds(calls.p95Seconds) : undefined,
    "Since the start": count(calls.total),
    Failed: count(calls.failed),
    "Last error": host?.lastError && <span className="text-bad">{host.lastError}</span>,
  };
}

function processFacts({ host, hosted }: FunctionDetail): FactList | undefined {
  if (!hosted) return host && { Runtime: host.runtime, "Why there are none": host.reason };
  const { runtime, entry, processes, coldStarts, memory, timeoutSeconds } = hosted;
  const last = coldStarts.lastSeconds === undefined ? "" : `, the last took ${shortSeconds(coldStarts.lastSeconds)}`;
  return {
    Runtime: runtime,
    Entry: <span className="font-mono text-xs">{entry}</span>,
    Busy: `${count(processes.busy)} of at most ${count(processes.max)}`,
    "Idle, starting": `${count(processes.idle)}, ${count(processes.starting)}`,
    "Cold starts": `${count(coldStarts.total)}${last}`,
    Memory: `${bytes(memory)} each`,
    "Time limit": shortSeconds(timeoutSeconds),
    Reloads: host && count(host.reloads),
    "Why it is broken": host?.reason && <span className="text-bad">{host.reason}</span>,
  };
}

function usageFacts({ hosted, endpoint, worker, usedBy = [] }: FunctionDetail): FactList {
  const keys = hosted?.configuration.keys ?? [];
  return {
    URL: endpoint && <span className="break-all font-mono text-xs">{endpoint.url}</span>,
    Workers: worker && (worker.workers.join(", ") || "none is connected"),
    Configuration: hosted && (
      <span title="Values may be secrets, and are not shown" className="font-mono text-xs">
        {keys.join(", ") || "no keys are set"}
      </span>
    ),
    "Used by":
      usedBy.length > 0 ? (
        <span className="flex flex-wrap gap-x-3">
          {usedBy.map((name) => (
            <Link key={name} to="/workflows/$name" params={{ name }} className="link">
              {name}
            </Link>
          ))}
        </span>
      ) : (
        <span className="text-muted">no state machine</span>
      ),
  };
}
