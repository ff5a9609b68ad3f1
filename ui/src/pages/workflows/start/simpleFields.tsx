import { useState } from "react";
import { parseJson } from "../../../lib/json";
import { CodeEditor } from "../../../ui/CodeEditor";
import { control, Labelled } from "./Labelled";
import type { PartProps } from "./SchemaField";

const INPUT_TYPES: Record<string, string> = {
  email: "email",
  uri: "url",
  date: "date",
  time: "time",
  password: "password",
};
/** Texts that may be longer than this get several lines. */
const LONG_CHARS = 200;

function example({ examples, format }: PartProps["schema"]): string | undefined {
  const [first] = Array.isArray(examples) ? examples : [];
  if (first !== undefined) return typeof first === "string" ? first : JSON.stringify(first);
  return format === "date-time" ? "2026-03-01T12:00:00Z" : undefined;
}

export function TextField(props: PartProps) {
  const { schema, value, onValue } = props;
  const shared = {
    ...control(props),
    className: "control w-full",
    value: typeof value === "string" ? value : "",
    placeholder: example(schema),
    onChange: ({ target }: { target: { value: string } }) => onValue(target.value === "" ? undefined : target.value),
  };
  return (
    <Labelled {...props}>
      {(schema.maxLength ?? 0) > LONG_CHARS ? (
        <textarea rows={3} {...shared} />
      ) : (
        <input type={INPUT_TYPES[schema.format ?? ""] ?? "text"} autoComplete="off" {...shared} />
      )}
    </Labelled>
  );
}

export function NumberField({ whole, ...props }: PartProps & { whole: boolean }) {
  const { schema, value, onValue } = props;
  return (
    <Labelled {...props}>
      <input
        {...control(props)}
        type="number"
        className="control w-full tabular-nums"
        step={schema.multipleOf ?? (whole ? 1 : "any")}
        min={schema.minimum}
        max={schema.maximum}
        placeholder={example(schema)}
        value={typeof value === "number" ? value : ""}
        onChange={({ target }) => onValue(target.value === "" ? undefined : target.valueAsNumber)}
      />
    </Labelled>
  );
}

export function YesNoField(props: PartProps) {
  const { id, label, schema, required, value, onValue, path, problems } = props;
  if (!required && schema.default === undefined) return <EnumField {...props} values={[true, false]} />;
  return (
    <Labelled id={id} label="" schema={schema} required path={path} problems={problems}>
      <label className="flex items-center gap-2">
        <input
          {...control(props)}
          type="checkbox"
          className="size-4 accent-solid"
          checked={value === true}
          onChange={({ target }) => onValue(target.checked)}
        />
        {label}
      </label>
    </Labelled>
  );
}

function choiceText(value: unknown): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function EnumField({ values, ...props }: PartProps & { values: readonly unknown[] }) {
  const { value, onValue, required } = props;
  const texts = values.map((each) => JSON.stringify(each));
  const current = value === undefined ? -1 : texts.indexOf(JSON.stringify(value));
  return (
    <Labelled {...props}>
      <select
        {...control(props)}
        className="control w-full"
        value={current}
        onChange={({ target }) => onValue(values[Number(target.value)])}
      >
        {(!required || current < 0) && <option value={-1}>{required ? "Choose…" : "none"}</option>}
        {values.map((each, index) => (
          <option key={texts[index]} value={index}>
            {choiceText(each)}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** For what no other field can edit. */
export function JsonField(props: PartProps) {
  const { value, onValue, label } = props;
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2));
  const { problem } = parseJson(text);
  const change = (next: string) => {
    setText(next);
    const parsed = parseJson(next);
    if (!parsed.problem) onValue(parsed.value);
  };
  return (
    <Labelled {...props}>
      <CodeEditor label={label || "Input"} text={text} onText={change} className="rounded-md border border-line" />
      {problem && <p className="text-bad text-xs">{problem}</p>}
    </Labelled>
  );
}
