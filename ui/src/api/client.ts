import createClient from "openapi-fetch";
import { hub } from "./hub";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];

export type Status = Schemas["Status"];
export type Failure = Schemas["Failure"];
export type InstanceSummary = Schemas["InstanceSummary"];
export type InstanceDetail = Schemas["InstanceDetail"];
export type HistoryEvent = Schemas["Event"];
export type WhyReason = Schemas["WhyReason"];
export type Filter = Schemas["Filter"];
export type Counts = Schemas["Counts"];
export type Entity = Schemas["Entity"];
export type LogLine = Schemas["LogLine"];
export type Worker = Schemas["WorkerList"]["workers"][number];
export type WorkflowSummary = Schemas["WorkflowList"]["workflows"][number];
export type WorkflowKind = WorkflowSummary["kind"];
export type Workflow = Schemas["WorkflowDetail"];
export type Definition = Schemas["WorkflowDefinition"];
export type DefinitionProblem = Schemas["DefinitionProblem"];
export type Trigger = Schemas["Trigger"];
export type ServerSummary = Schemas["Summary"];
export type InstancesChange = Schemas["InstancesChanged"];
export type Series = Schemas["Series"];
export type FunctionSummary = Schemas["Function"];
export type FunctionDetail = Schemas["FunctionDetail"];
export type Invocation = Schemas["Invoked"];
export type Schedule = Schemas["Schedule"];
export type BackfillReport = Schemas["BackfillReport"];
export type Store = Schemas["StoreDetail"];
export type StoreCheck = Schemas["StoreCheck"];
type Problem = Schemas["Problem"];

export const api = createClient<paths>({ baseUrl: "/", ...(hub !== undefined && { headers: { taskhub: hub } }) });

/** An error that the server has explained. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }
}

/** The data of an answer, or an exception that says in words what was wrong. */
export async function unwrap<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  throw asError(error, response.status);
}

function asError(error: unknown, status: number): ApiError {
  if (isProblem(error)) return new ApiError(error);
  return new ApiError({ type: "about:blank", title: "No answer", status, detail: `The server answered ${status}.` });
}

/** Whether what was asked for does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.problem.status === 404;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "title" in value && "detail" in value;
}
