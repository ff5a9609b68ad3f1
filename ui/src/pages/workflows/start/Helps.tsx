import { useQuery } from "@tanstack/react-query";
import { lastInputsQuery } from "../../../api/queries";
import { CopyText } from "../../../ui/CopyText";
import { Section } from "../../../ui/Page";
import { Time } from "../../../ui/Time";
import { asCommand, asCurl, type StartRequest } from "./commands";

/** The last different inputs, to begin from. */
export function LastInputs({ name, onPick }: { name: string; onPick: (input: unknown) => void }) {
  const { data } = useQuery(lastInputsQuery(name));
  const inputs = new Map<string, { input: unknown; at: string }>();
  for (const { input, createdAt } of data?.instances ?? []) {
    const text = JSON.stringify(input ?? null);
    if (text !== "null" && !inputs.has(text)) inputs.set(text, { input, at: createdAt });
  }
  if (inputs.size === 0) return null;
  return (
    <Section title="Last inputs">
      <ul className="divide-y divide-line/60">
        {[...inputs].map(([text, { input, at }]) => (
          <li key={text}>
            <button
              type="button"
              title={`Take ${text.slice(0, 500)}`}
              className="flex w-full items-center gap-3 px-4 py-1.5 text-left -outline-offset-2 hover:bg-raised"
              onClick={() => onPick(input)}
            >
              <span className="min-w-0 flex-1 truncate font-mono text-xs">{text.slice(0, 300)}</span>
              <span className="shrink-0 text-muted text-xs">
                <Time at={at} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function SameAsCommand({ name, request }: { name: string; request: StartRequest }) {
  const { origin } = window.location;
  return (
    <Section title="The same from a terminal">
      <div className="flex flex-col gap-3 p-4">
        <CopyText label="partita" text={asCommand(origin, name, request)} />
        <CopyText label="curl" text={asCurl(origin, name, request)} />
      </div>
    </Section>
  );
}
