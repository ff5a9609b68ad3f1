import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { FunctionDetail } from "../../api/pending";
import { bytes, count } from "../../lib/format";
import { shortNumber, shortSeconds } from "../../lib/series";
import { Facts } from "../../ui/Facts";
import { Section } from "../../ui/Page";

type FactList = Record<string, ReactNode>;

export function FunctionFacts({ known: each }: { known: FunctionDetail }) {
  const runs = processFacts(each);
  return (
    <div className="grid items-start gap-4 md:grid-cols-2 xl:grid-cols-3">
      <Section title="Calls">
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
    Running: count(calls?.running ?? host?.busy ?? 0),
    Waiting: host && count(host.waiting),
    "In the last minute": calls && `${shortNumber(calls.perSecond)} each second`,
    "Half take up to": calls?.p50Seconds !== undefined ? shortSeconds(calls.p50Seconds) : undefined,
    "95% take up to": calls?.p95Seconds !== undefined ? shortSeconds(calls.p95Seconds) : undefined,
    "Since the start": count(calls?.total ?? host?.calls ?? 0),
    Failed: count(calls?.failed ?? host?.failures ?? 0),
    "Last error": host?.lastError && <span className="text-bad">{host.lastError}</span>,
  };
}

function processFacts(known: FunctionDetail): FactList | undefined {
  const { processes, host, coldStarts, runtime, entry, memory, timeoutSeconds } = known;
  const pool = processes ?? (host && { ...host, max: host.maxProcesses });
  const cold = coldStarts ?? (host && { total: host.coldStarts, lastSeconds: undefined });
  if (!pool) return undefined;
  const lastCold = cold?.lastSeconds === undefined ? "" : `, the last took ${shortSeconds(cold.lastSeconds)}`;
  return {
    Runtime: runtime ?? host?.runtime,
    Entry: entry,
    Busy: `${count(pool.busy)} of at most ${count(pool.max)}`,
    "Idle, starting": `${count(pool.idle)}, ${count(pool.starting)}`,
    "Cold starts": cold && `${count(cold.total)}${lastCold}`,
    Memory: memory === undefined ? host && `${count(host.memoryMb)} MB` : memoryText(memory),
    "Time limit": `${timeoutSeconds ?? host?.timeoutSeconds} s`,
    Reloads: host && count(host.reloads),
    "Why it is broken": host?.reason && <span className="text-bad">{host.reason}</span>,
  };
}

function memoryText(memory: number | string): string {
  return typeof memory === "number" ? bytes(memory) : memory;
}

function usageFacts({ configuration, url, workers, usedBy }: FunctionDetail): FactList {
  const keys = configuration?.keys ?? [];
  return {
    URL: url,
    Workers: workers?.join(", "),
    Configuration:
      keys.length === 0 ? (
        <span className="text-muted">no keys are set</span>
      ) : (
        <span title="Values may be secrets, and are not shown" className="font-mono text-xs">
          {keys.join(", ")}
        </span>
      ),
    "Used by":
      usedBy && usedBy.length > 0 ? (
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
