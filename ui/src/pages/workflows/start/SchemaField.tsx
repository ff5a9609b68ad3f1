import { useId } from "react";
import { isRecord, resolve, type Schema, shapeOf } from "../../../lib/schema";
import { ArrayField, ChoiceField, ObjectField } from "./compoundFields";
import { EnumField, JsonField, NumberField, TextField, YesNoField } from "./simpleFields";

export interface FieldProps {
  /** What it is called; empty for the whole input. */
  name: string;
  schema: Schema;
  root: Schema;
  /** Undefined for none. */
  value: unknown;
  onValue: (value: unknown) => void;
  required: boolean;
  /** Keys and indexes that lead to it, with `/` before each. */
  path: string;
  /** What is wrong, by path. */
  problems: ReadonlyMap<string, string>;
}

/** What a field of any kind is given once its schema was looked up. */
export interface PartProps extends FieldProps {
  id: string;
  label: string;
}

/** The fields that edit a value of a schema. */
export function SchemaField(props: FieldProps) {
  const id = useId();
  const { root, name } = props;
  const schema = resolve(props.schema, root);
  const shape = shapeOf(schema, root);
  const part: PartProps = { ...props, schema, id, label: schema.title ?? name };
  switch (shape.kind) {
    case "object":
      return <ObjectField {...part} value={isRecord(props.value) ? props.value : undefined} shape={shape} />;
    case "array":
      return <ArrayField {...part} value={Array.isArray(props.value) ? props.value : undefined} items={shape.items} />;
    case "choice":
      return <ChoiceField {...part} choices={shape.choices} />;
    case "enum":
      return <EnumField {...part} values={shape.values} />;
    case "const":
      return <EnumField {...part} values={[shape.value]} />;
    case "boolean":
      return <YesNoField {...part} />;
    case "string":
      return <TextField {...part} />;
    case "number":
    case "integer":
      return <NumberField {...part} whole={shape.kind === "integer"} />;
    case "json":
      return <JsonField {...part} />;
  }
}
