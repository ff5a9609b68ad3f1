import type { InstanceDetail, Status } from "../../api/client";
import { shellQuote } from "../../lib/shell";

/** What a person says in an action's dialog; each action reads its own part. */
export interface ActionInput {
  reason: string;
  eventName: string;
  /** A JSON value, or undefined for none. */
  payload: unknown;
  /** Whether sub-orchestrations are meant too. */
  recurse: boolean;
  /** Whether a restart gets an id of its own. */
  newId: boolean;
  /** What a restart begins with instead of the input that the instance had; undefined for the same. */
  newInput: { value: unknown } | undefined;
}

export type ActionField = keyof ActionInput;

/** What is asked of the server. */
export interface ActionRequest {
  method: "POST" | "DELETE";
  path: string;
  body?: unknown;
  /** The same on the command line, without the server. */
  command: readonly string[];
}

export interface Action {
  label: string;
  /** What will happen, in a sentence. */
  does: string;
  /** What is said when it did. */
  done: string;
  fields: readonly ActionField[];
  possibleIn: readonly Status[];
  destructive: boolean;
  request: (id: string, input: ActionInput) => ActionRequest;
}

const ENDED: readonly Status[] = ["Completed", "Failed", "Terminated", "Canceled"];
const UNENDED: readonly Status[] = ["Pending", "Running", "Suspended"];

function at(id: string, operation = ""): string {
  return `/api/v1/instances/${encodeURIComponent(id)}${operation}`;
}

/** An operation that takes a reason and nothing else. */
function withReason(operation: string) {
  return (id: string, { reason }: ActionInput): ActionRequest => ({
    method: "POST",
    path: at(id, `/${operation}`),
    body: reason ? { reason } : {},
    command: [operation, id, ...(reason ? ["--reason", reason] : [])],
  });
}

function raise(id: string, { eventName, payload }: ActionInput): ActionRequest {
  const path = at(id, `/events/${encodeURIComponent(eventName)}`);
  if (payload === undefined) return { method: "POST", path, command: ["raise", id, eventName] };
  return { method: "POST", path, body: payload, command: ["raise", id, eventName, "--data", JSON.stringify(payload)] };
}

function restart(id: string, { newId, newInput }: ActionInput): ActionRequest {
  const body = { newId: newId || newInput !== undefined, ...(newInput && { input: newInput.value ?? null }) };
  return {
    method: "POST",
    path: at(id, "/restart"),
    body,
    command: ["restart", id, ...(body.newId ? ["--new-id"] : [])],
  };
}

function terminate(id: string, { reason, recurse }: ActionInput): ActionRequest {
  const options = [...(reason ? ["--reason", reason] : []), ...(recurse ? [] : ["--no-recurse"])];
  const body = { recurse, ...(reason && { output: reason }) };
  return { method: "POST", path: at(id, "/terminate"), body, command: ["terminate", id, ...options] };
}

function purge(id: string, { recurse }: ActionInput): ActionRequest {
  const path = at(id, `?recurse=${recurse}`);
  return { method: "DELETE", path, command: ["purge", id, "--yes", ...(recurse ? [] : ["--no-recurse"])] };
}

export const ACTIONS = {
  raise: {
    label: "Raise event",
    does: "The instance gets an external event. It is kept until the workflow waits for it, even if that is later.",
    done: "The event was raised.",
    fields: ["eventName", "payload"],
    possibleIn: UNENDED,
    destructive: false,
    request: raise,
  },
  suspend: {
    label: "Suspend",
    does: "The instance stops for now. It keeps what arrives, and goes on from there when it is resumed.",
    done: "It is being suspended.",
    fields: ["reason"],
    possibleIn: ["Pending", "Running"],
    destructive: false,
    request: withReason("suspend"),
  },
  resume: {
    label: "Resume",
    does: "The instance goes on. If it was set aside after failures, it is tried again now.",
    done: "It is being resumed.",
    fields: ["reason"],
    possibleIn: ["Suspended"],
    destructive: false,
    request: withReason("resume"),
  },
  rewind: {
    label: "Rewind",
    does: "The instance goes back to its last good state: what succeeded is kept, what failed is tried again.",
    done: "It is being rewound.",
    fields: ["reason"],
    possibleIn: ["Failed"],
    destructive: false,
    request: withReason("rewind"),
  },
  restart: {
    label: "Restart",
    does: "The workflow is run again from its beginning. Its activities are called again.",
    done: "It was started again.",
    fields: ["newInput", "newId"],
    possibleIn: ENDED,
    destructive: false,
    request: restart,
  },
  terminate: {
    label: "Terminate",
    does: "The instance ends at once, without cleaning up after itself. Calls that are under way are not stopped. This cannot be undone.",
    done: "It is being terminated.",
    fields: ["reason", "recurse"],
    possibleIn: UNENDED,
    destructive: true,
    request: terminate,
  },
  purge: {
    label: "Purge",
    does: "The instance is deleted with its history. This cannot be undone.",
    done: "It was deleted.",
    fields: ["recurse"],
    possibleIn: ENDED,
    destructive: true,
    request: purge,
  },
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof ACTIONS;

export const ACTION_NAMES = Object.keys(ACTIONS) as ActionName[];

/** Whether an action makes sense now; one that was set aside can be resumed in any status. */
export function isPossible(name: ActionName, { status, setAside }: InstanceDetail): boolean {
  const { possibleIn }: Action = ACTIONS[name];
  return possibleIn.includes(status) || (name === "resume" && setAside !== null);
}

export function asCurl({ method, path, body }: ActionRequest, origin: string, hub: string | undefined): string {
  return [
    ["curl", "-X", method, shellQuote(origin + path)],
    hub === undefined ? [] : ["-H", shellQuote(`taskhub: ${hub}`)],
    body === undefined
      ? []
      : ["-H", shellQuote("Content-Type: application/json"), "-d", shellQuote(JSON.stringify(body))],
  ]
    .flat()
    .join(" ");
}

export function asCommand(
  { command }: Pick<ActionRequest, "command">,
  origin: string,
  hub: string | undefined,
): string {
  return ["partita", ...command, "--server", origin, ...(hub === undefined ? [] : ["--hub", hub])]
    .map(shellQuote)
    .join(" ");
}
