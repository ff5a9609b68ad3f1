import { Play } from "lucide-react";
import { type FormEvent, useMemo, useRef, useState } from "react";
import { parseJson } from "../../../lib/json";
import { checkValue, initialValue, type Schema, shapeOf } from "../../../lib/schema";
import { formatTags, parseTags } from "../../../lib/tags";
import { Button } from "../../../ui/Button";
import { Field } from "../../../ui/Field";
import { JsonEditor } from "../../../ui/JsonEditor";
import { ProblemNote } from "../../../ui/Loaded";
import { Section } from "../../../ui/Page";
import { Segments } from "../../../ui/Segments";
import type { StartRequest } from "./commands";
import { LastInputs, SameAsCommand } from "./Helps";
import { SchemaField } from "./SchemaField";
import { useStart } from "./useStart";

interface StartFormProps {
  name: string;
  schema: Schema | undefined;
  /** What another instance was started with. */
  from?: { id: string; input?: unknown; tags: Record<string, string>; version: string };
}

type Mode = "form" | "json";
const MODES: Record<Mode, string> = { form: "Form", json: "JSON" };
const NO_PROBLEMS: ReadonlyMap<string, string> = new Map();

function jsonText(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value, null, 2);
}

function firstInput({ from, schema }: StartFormProps): unknown {
  if (from) return from.input ?? undefined;
  return schema ? initialValue(schema, schema) : undefined;
}

export function StartForm(props: StartFormProps) {
  const { name, schema, from } = props;
  const canForm = schema !== undefined && shapeOf(schema, schema).kind !== "json";
  const [mode, setMode] = useState<Mode>(canForm ? "form" : "json");
  const [input, setInput] = useState(() => firstInput(props));
  const [text, setText] = useState(() => jsonText(firstInput(props)));
  // Fields keep a text of their own: another input makes them anew.
  const [taken, setTaken] = useState(0);
  const [refused, setRefused] = useState(false);
  const [details, setDetails] = useState({
    id: "",
    version: from?.version ?? "",
    tags: formatTags(from?.tags ?? {}),
    scheduledAt: "",
  });
  const form = useRef<HTMLFormElement>(null);
  const start = useStart(name);

  const written = parseJson(text);
  const tags = parseTags(details.tags);
  const value = mode === "form" ? input : written.value;
  const problems = useMemo(() => (schema ? checkValue(schema, value, schema) : []), [schema, value]);
  const byPath = useMemo(() => new Map(problems.map(({ path, message }) => [path, message])), [problems]);
  const request: StartRequest = { ...details, tags: tags.value, input: value };

  const show = (next: unknown) => {
    setInput(next);
    setText(jsonText(next));
    setTaken((was) => was + 1);
  };
  const switchTo = (next: Mode) => {
    if (next === "json") setText(jsonText(input));
    else if (!written.problem) setInput(written.value);
    setMode(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const inForm = mode === "form" && problems.length > 0;
    setRefused(problems.length > 0);
    if (inForm)
      form.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(problems[0]?.path ?? "")}"]`)?.focus();
    else start.mutate(request);
  };

  return (
    <form
      ref={form}
      noValidate
      className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]"
      onSubmit={submit}
    >
      <div className="flex min-w-0 flex-col gap-4">
        <Section
          title={from ? `Input, as of ${from.id}` : "Input"}
          aside={canForm && <Segments label="How to edit" choices={MODES} value={mode} onValue={switchTo} />}
        >
          <div className="p-4">
            {mode === "form" && schema ? (
              <SchemaField
                key={taken}
                name=""
                schema={schema}
                root={schema}
                value={input}
                onValue={setInput}
                required
                path=""
                problems={refused ? byPath : NO_PROBLEMS}
              />
            ) : (
              <JsonEditor label="JSON; empty for no input" text={text} onText={setText} problem={written.problem} />
            )}
            {mode === "json" && problems.length > 0 && !written.problem && text !== "" && (
              <Warnings problems={problems} />
            )}
          </div>
        </Section>
        <Section title="Details">
          <div className="grid gap-3 p-4 md:grid-cols-2">
            <Field
              label="Id"
              placeholder="one is made"
              value={details.id}
              onValue={(id) => setDetails({ ...details, id })}
            />
            <Field
              label="Version"
              placeholder="the newest"
              value={details.version}
              onValue={(version) => setDetails({ ...details, version })}
            />
            <Field
              label="Tags"
              placeholder="shop=berlin, kind=test"
              value={details.tags}
              onValue={(next) => setDetails({ ...details, tags: next })}
            />
            <Field
              label="Begin at; at once when empty"
              type="datetime-local"
              value={details.scheduledAt}
              onValue={(scheduledAt) => setDetails({ ...details, scheduledAt })}
            />
            {tags.problem && <p className="text-bad text-xs md:col-span-2">{tags.problem}</p>}
          </div>
        </Section>
        {start.error && <ProblemNote error={start.error} />}
        <div className="sticky bottom-0 -mb-4 flex items-center gap-3 bg-canvas py-3">
          <Button
            type="submit"
            look="solid"
            disabled={
              start.isPending || (mode === "json" && written.problem !== undefined) || tags.problem !== undefined
            }
          >
            <Play aria-hidden className="size-4" />
            {start.isPending ? "Starting…" : "Start"}
          </Button>
          {refused && mode === "form" && problems.length > 0 && (
            <p role="alert" className="text-bad">
              {problems.length === 1 ? "One field is" : `${problems.length} fields are`} not right yet.
            </p>
          )}
        </div>
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <LastInputs name={name} onPick={show} />
        <SameAsCommand name={name} request={request} />
      </div>
    </form>
  );
}

/** As JSON, anything can be started: the schema is said to be missed, nothing is refused. */
function Warnings({ problems }: { problems: readonly { path: string; message: string }[] }) {
  return (
    <ul aria-label="Does not fit the schema" className="mt-2 text-wait text-xs">
      {problems.slice(0, 8).map(({ path, message }) => (
        <li key={path}>
          <code className="font-mono">{path || "/"}</code> {message}
        </li>
      ))}
    </ul>
  );
}
