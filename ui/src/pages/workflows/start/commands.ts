import { hub } from "../../../api/hub";
import { shellQuote } from "../../../lib/shell";

/** What an instance is started with. */
export interface StartRequest {
  id: string;
  version: string;
  tags: Record<string, string>;
  /** Undefined for none. */
  input: unknown;
  /** As the browser's field says it, in the viewer's zone; empty for at once. */
  scheduledAt: string;
}

/** The request's body, without what was left empty. */
export function startBody({ id, version, tags, input, scheduledAt }: StartRequest) {
  return {
    ...(id && { id }),
    ...(version && { version }),
    ...(Object.keys(tags).length > 0 && { tags }),
    ...(input !== undefined && { input: input as never }),
    ...(scheduledAt && { scheduledAt: new Date(scheduledAt).toISOString() }),
  };
}

export function asCurl(origin: string, name: string, request: StartRequest): string {
  const url = `${origin}/api/v1/workflows/${encodeURIComponent(name)}/instances`;
  return [
    `curl -X POST ${shellQuote(url)}`,
    "-H 'content-type: application/json'",
    ...(hub === undefined ? [] : [`-H ${shellQuote(`taskhub: ${hub}`)}`]),
    `-d ${shellQuote(JSON.stringify(startBody(request)))}`,
  ].join(" \\\n  ");
}

export function asCommand(origin: string, name: string, request: StartRequest): string {
  const { id, version, tags, input, scheduledAt } = startBody(request);
  const options = [
    ...(input === undefined ? [] : ["--input", JSON.stringify(input)]),
    ...(id ? ["--id", id] : []),
    ...(version ? ["--workflow-version", version] : []),
    ...Object.entries(tags ?? {}).flatMap(([key, value]) => ["--tag", `${key}=${value}`]),
    ...(scheduledAt ? ["--at", scheduledAt] : []),
    ...(hub === undefined ? [] : ["--hub", hub]),
  ];
  return ["partita", "start", name, ...options, "--server", origin].map(shellQuote).join(" ");
}
