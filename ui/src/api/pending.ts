import { api, type Counts, unwrap } from "./client";

/** Operations that the description of the API gets next. */

export type WorkflowKind = "code" | "stateMachine" | "worker";

export interface WorkflowSummary {
  name: string;
  kind?: WorkflowKind;
  versions?: string[];
  description?: string;
  instances?: Counts;
}

export interface Definition {
  text: string;
  format: "json" | "yaml";
  revision: string;
  changedAt?: string;
  file?: string;
  editable: boolean;
}

export interface Trigger {
  workflow?: string;
  method: string;
  path: string;
  does: string;
  [more: string]: unknown;
}

export interface Workflow extends WorkflowSummary {
  kind: WorkflowKind;
  versions: string[];
  instances: Counts;
  inputSchema?: unknown;
  definition?: Definition;
  triggers: Trigger[];
  schedules: string[];
  offeredBy: { kind: "process" | "worker"; name: string }[];
}

export interface DefinitionProblem {
  severity: "error" | "warning";
  code?: string;
  message: string;
  hint?: string;
  pointer: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** What happened in a state of a state machine. */
export interface StateFigures {
  entered: number;
  running: number;
  succeeded: number;
  failed: number;
  caught: number;
  retries: number;
  firstEnteredAt: string;
  lastEnteredAt: string;
  lastExitedAt?: string;
  /** Of the last visit. */
  seconds?: number;
  /** How often each state came next, by pointer. */
  next: Record<string, number>;
  error?: { error: string; cause?: string };
}

export interface StateVisit {
  /** The state's pointer in the definition. */
  path: string;
  name: string;
  enteredAt: string;
  exitedAt?: string;
  status: "running" | "succeeded" | "failed" | "caught" | "aborted";
  attempts: number;
  error?: string;
  cause?: string;
  input?: unknown;
  output?: unknown;
  truncated?: boolean;
  iteration?: number;
}

export interface Execution {
  definition: Record<string, unknown>;
  revision: string;
  /** By pointer. */
  states: Record<string, StateFigures>;
  visits: StateVisit[];
  moreVisits: boolean;
  status: string;
  error?: string;
  cause?: string;
}

interface Options {
  params?: { path?: Record<string, string>; query?: Record<string, unknown> };
  body?: unknown;
  signal?: AbortSignal;
}

type Call = (path: string, options: Options) => Promise<{ data?: unknown; error?: unknown; response: Response }>;

const { GET, POST, PUT } = api as unknown as { GET: Call; POST: Call; PUT: Call };

export const pending = {
  get: <T>(path: string, options: Options = {}) => unwrap(GET(path, options)) as Promise<T>,
  post: <T>(path: string, options: Options = {}) => unwrap(POST(path, options)) as Promise<T>,
  put: <T>(path: string, options: Options = {}) => unwrap(PUT(path, options)) as Promise<T>,
};
