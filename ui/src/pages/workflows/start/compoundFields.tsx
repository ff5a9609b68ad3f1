import { Plus, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { replaced, withField, without } from "../../../lib/edit";
import { chosen, initialValue, resolve, type Schema, type Shape } from "../../../lib/schema";
import { Button } from "../../../ui/Button";
import { control, Labelled } from "./Labelled";
import { type PartProps, SchemaField } from "./SchemaField";

interface GroupProps {
  part: PartProps;
  children: ReactNode;
}

/** Fields that belong together; the whole input has no frame. */
function Group({ part: { label, schema, path, problems, required }, children }: GroupProps) {
  const problem = problems.get(path);
  const notes = (
    <>
      {schema.description && <p className="text-muted text-xs">{schema.description}</p>}
      {problem && <p className="text-bad text-xs">{problem}</p>}
    </>
  );
  if (path === "") {
    return (
      <div className="flex flex-col gap-3">
        {notes}
        {children}
      </div>
    );
  }
  return (
    <fieldset className="flex min-w-0 flex-col gap-3 rounded-md border border-line p-3">
      <legend className="px-1 font-medium text-xs">
        {label}
        {!required && <span className="font-normal text-muted"> (optional)</span>}
      </legend>
      {notes}
      {children}
    </fieldset>
  );
}

interface ObjectFieldProps extends PartProps {
  value: Record<string, unknown> | undefined;
  shape: Extract<Shape, { kind: "object" }>;
}

export function ObjectField({ value, shape, ...part }: ObjectFieldProps) {
  const { root, schema, onValue, required, path } = part;
  const whole = path === "";
  if (value === undefined && !required && !whole) {
    return (
      <Group part={{ ...part, value }}>
        <AddButton onClick={() => onValue(initialValue(schema, root) ?? {})}>Add</AddButton>
      </Group>
    );
  }
  const fields = value ?? {};
  return (
    <Group part={{ ...part, value }}>
      {shape.properties.map(([name, each]) => (
        <SchemaField
          key={name}
          name={name}
          schema={each}
          root={root}
          value={Object.hasOwn(fields, name) ? fields[name] : undefined}
          onValue={(next) => onValue(withField(fields, name, next))}
          required={shape.required.has(name)}
          path={`${path}/${name}`}
          problems={part.problems}
        />
      ))}
      {shape.properties.length === 0 && <p className="text-muted text-xs">It has no fields.</p>}
      {!required && !whole && (
        <Button look="quiet" small className="self-start" onClick={() => onValue(undefined)}>
          <X aria-hidden className="size-3.5" /> Leave out
        </Button>
      )}
    </Group>
  );
}

interface ArrayFieldProps extends PartProps {
  value: unknown[] | undefined;
  items: Schema;
}

export function ArrayField({ value, items, ...part }: ArrayFieldProps) {
  const { root, onValue, path, problems } = part;
  const list = value ?? [];
  const remove = (index: number) => {
    const left = without(list, index);
    onValue(left.length === 0 && !part.required ? undefined : left);
  };
  return (
    <Group part={{ ...part, value }}>
      {list.map((each, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: members have nothing else to be known by.
        <div key={index} className="flex items-start gap-2">
          <div className="min-w-0 flex-1">
            <SchemaField
              name={String(index + 1)}
              schema={items}
              root={root}
              value={each}
              onValue={(next) => onValue(replaced(list, index, next ?? null))}
              required
              path={`${path}/${index}`}
              problems={problems}
            />
          </div>
          <button
            type="button"
            aria-label={`Remove ${index + 1}`}
            className="mt-5 rounded p-1.5 text-muted hover:bg-raised hover:text-ink"
            onClick={() => remove(index)}
          >
            <X aria-hidden className="size-4" />
          </button>
        </div>
      ))}
      <AddButton onClick={() => onValue([...list, initialValue(items, root) ?? null])}>Add one</AddButton>
    </Group>
  );
}

function AddButton({ onClick, children }: { onClick: () => void; children: string }) {
  return (
    <Button small className="self-start" onClick={onClick}>
      <Plus aria-hidden className="size-3.5" /> {children}
    </Button>
  );
}

function choiceName(schema: Schema, index: number): string {
  const named = schema.title ?? schema.description;
  if (named) return named;
  const constant = Object.values(schema.properties ?? {}).find((each) => typeof each === "object" && "const" in each);
  if (typeof constant === "object") return String(constant.const);
  return typeof schema.type === "string" ? schema.type : `Choice ${index + 1}`;
}

const NONE = -1;

export function ChoiceField({ choices, ...part }: PartProps & { choices: Schema[] }) {
  const { root, value, onValue, required } = part;
  const resolved = choices.map((each) => resolve(each, root));
  const [index, setIndex] = useState(() => (value === undefined && !required ? NONE : chosen(resolved, value, root)));
  const schema = resolved[index];
  const choose = (next: number) => {
    setIndex(next);
    onValue(next === NONE ? undefined : initialValue(resolved[next] ?? {}, root));
  };
  return (
    <div className="flex flex-col gap-2">
      <Labelled {...part}>
        <select
          {...control(part)}
          className="control w-full"
          value={index}
          onChange={({ target }) => choose(Number(target.value))}
        >
          {!required && <option value={NONE}>none</option>}
          {resolved.map((each, at) => (
            <option key={choiceName(each, at)} value={at}>
              {choiceName(each, at)}
            </option>
          ))}
        </select>
      </Labelled>
      {schema && (
        <div className="border-line border-l-2 pl-3">
          <SchemaField {...part} key={index} name="" schema={{ ...schema, title: "" }} required />
        </div>
      )}
    </div>
  );
}
