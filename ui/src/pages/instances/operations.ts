import { api, unwrap } from "../../api/client";
import { parseFilter } from "../../lib/filter";

export const OPERATIONS = {
  suspend: { label: "Suspend", does: "They stop for now, and keep what arrives.", final: false },
  resume: { label: "Resume", does: "Suspended ones go on; those that were set aside are tried again.", final: false },
  rewind: {
    label: "Rewind",
    does: "Failed ones go back to their last good state and try again what failed.",
    final: false,
  },
  terminate: { label: "Terminate", does: "They end at once. This cannot be undone.", final: true },
  purge: {
    label: "Purge",
    does: "Those that have ended are deleted with their histories. This cannot be undone.",
    final: true,
  },
} as const;

export type Operation = keyof typeof OPERATIONS;
export const OPERATION_NAMES = Object.keys(OPERATIONS) as Operation[];

/** What an operation is for: all instances that pass a filter, or some by their ids. */
export type Target = { text: string } | { ids: readonly string[] };

export interface Outcome {
  done: number;
  failed: number;
  /** Ids, and why each refused; the first few. */
  refusals: { id: string; why: string }[];
}

const REFUSALS = 5;
/** Requests for single instances that are under way at a time. */
const AT_A_TIME = 6;

/** How many instances an operation would touch. */
export async function impactOf(operation: Operation, target: Target): Promise<number> {
  if ("ids" in target) return target.ids.length;
  const { filter } = parseFilter(target.text, new Date());
  const params = { path: { operation } };
  const report = await unwrap(api.POST("/api/v1/bulk/{operation}", { params, body: { filter, dryRun: true } }));
  return report.matched;
}

export function runOperation(operation: Operation, target: Target, onDone: (done: number) => void): Promise<Outcome> {
  return "ids" in target ? runEach(operation, target.ids, onDone) : runBulk(operation, target.text, onDone);
}

/** Repeats the operation until none that was meant is left, or a round achieves nothing. */
async function runBulk(operation: Operation, text: string, onDone: (done: number) => void): Promise<Outcome> {
  // One moment for all rounds: ages in the filter must not move on to others.
  const { filter } = parseFilter(text, new Date());
  let done = 0;
  for (;;) {
    const params = { path: { operation } };
    const report = await unwrap(api.POST("/api/v1/bulk/{operation}", { params, body: { filter } }));
    done += report.done;
    onDone(done);
    if (report.complete || report.done === 0) {
      const refusals = report.failures.slice(0, REFUSALS).map(({ id, problem }) => ({ id, why: problem.detail }));
      return { done, failed: report.failed, refusals };
    }
  }
}

async function runEach(operation: Operation, ids: readonly string[], onDone: (done: number) => void): Promise<Outcome> {
  const outcome: Outcome = { done: 0, failed: 0, refusals: [] };
  const left = [...ids];
  const work = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      try {
        await runOne(operation, id);
        outcome.done += 1;
        onDone(outcome.done);
      } catch (error) {
        outcome.failed += 1;
        if (outcome.refusals.length < REFUSALS) {
          outcome.refusals.push({ id, why: error instanceof Error ? error.message : String(error) });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return outcome;
}

function runOne(operation: Operation, id: string): Promise<unknown> {
  const params = { path: { id } };
  switch (operation) {
    case "suspend":
      return unwrap(api.POST("/api/v1/instances/{id}/suspend", { params }));
    case "resume":
      return unwrap(api.POST("/api/v1/instances/{id}/resume", { params }));
    case "rewind":
      return unwrap(api.POST("/api/v1/instances/{id}/rewind", { params }));
    case "terminate":
      return unwrap(api.POST("/api/v1/instances/{id}/terminate", { params }));
    case "purge":
      return unwrap(api.DELETE("/api/v1/instances/{id}", { params }));
  }
}
