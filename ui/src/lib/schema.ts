/** The part of JSON Schema that forms are made from; everything else is edited as JSON. */
export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  items?: Schema | boolean;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema | boolean>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  oneOf?: Schema[];
  anyOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  [other: string]: unknown;
}

export type Shape =
  | { kind: "object"; properties: [string, Schema][]; required: ReadonlySet<string>; closed: boolean }
  | { kind: "array"; items: Schema }
  | { kind: "string" | "number" | "integer" | "boolean" | "json" }
  | { kind: "enum"; values: unknown[] }
  | { kind: "const"; value: unknown }
  | { kind: "choice"; choices: Schema[] };

const MAX_REFS = 16;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value can be taken for a schema at all. */
export function asSchema(value: unknown): Schema | undefined {
  return isRecord(value) ? (value as Schema) : undefined;
}

/** Follows references within the document; what leads nowhere, or in circles, allows anything. */
export function resolve(schema: Schema, root: Schema): Schema {
  let at = schema;
  for (let steps = 0; at.$ref !== undefined; steps += 1) {
    const target = steps < MAX_REFS ? pointed(root, at.$ref) : undefined;
    if (!target) return {};
    const { $ref: _, ...own } = at;
    at = { ...target, ...own };
  }
  return at;
}

function pointed(root: Schema, ref: string): Schema | undefined {
  if (!ref.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const part of ref.slice(1).split("/").slice(1)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }
  return asSchema(at);
}

/** Words that say more than forms can show; a schema with one of them is edited as JSON. */
const TOO_MUCH = ["allOf", "not", "if", "prefixItems", "patternProperties", "dependentSchemas", "$dynamicRef"];

/** What kind of field edits values of the schema. */
export function shapeOf(schema: Schema, root: Schema): Shape {
  const at = resolve(schema, root);
  if (Object.hasOwn(at, "const")) return { kind: "const", value: at.const };
  if (Array.isArray(at.enum)) return { kind: "enum", values: at.enum };
  if (TOO_MUCH.some((word) => Object.hasOwn(at, word))) return { kind: "json" };
  const choices = at.oneOf ?? at.anyOf;
  if (Array.isArray(choices)) {
    return choices.length > 0 && choices.every(isRecord) && !at.properties
      ? { kind: "choice", choices }
      : { kind: "json" };
  }
  switch (at.type ?? (at.properties ? "object" : undefined)) {
    case "object":
      return objectShape(at);
    case "array":
      return isRecord(at.items) ? { kind: "array", items: at.items as Schema } : { kind: "json" };
    case "string":
      return { kind: "string" };
    case "number":
      return { kind: "number" };
    case "integer":
      return { kind: "integer" };
    case "boolean":
      return { kind: "boolean" };
    default:
      return { kind: "json" };
  }
}

function objectShape({ properties, required, additionalProperties }: Schema): Shape {
  if (!isRecord(properties) || isRecord(additionalProperties)) return { kind: "json" };
  const fields = Object.entries(properties).map(([name, each]): [string, Schema] => [name, asSchema(each) ?? {}]);
  const names = Array.isArray(required) ? required : [];
  return { kind: "object", properties: fields, required: new Set(names), closed: additionalProperties === false };
}

/** What a form begins with: defaults, constants, and no or empty objects where fields are required. */
export function initialValue(schema: Schema, root: Schema, depth = 0): unknown {
  const at = resolve(schema, root);
  if (Object.hasOwn(at, "default")) return at.default;
  const shape = shapeOf(at, root);
  if (shape.kind === "const") return shape.value;
  if (shape.kind === "boolean") return false;
  if (shape.kind !== "object" || depth > MAX_REFS) return undefined;
  const fields = shape.properties.flatMap(([name, each]) => {
    const wanted = shape.required.has(name) || Object.hasOwn(resolve(each, root), "default");
    const value = wanted ? initialValue(each, root, depth + 1) : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(fields);
}

/** The choice that a value fits; the first one when it fits none. */
export function chosen(choices: readonly Schema[], value: unknown, root: Schema): number {
  const fitting = choices.findIndex((each) => checkValue(each, value, root).length === 0);
  return Math.max(0, fitting);
}

export interface ValueProblem {
  /** Keys and indexes that lead to the value, with `/` before each. */
  path: string;
  message: string;
}

/** What is wrong with a value. Only what forms know of is checked; the workflow may know more. */
export function checkValue(schema: Schema, value: unknown, root: Schema, path = ""): ValueProblem[] {
  const at = resolve(schema, root);
  const shape = shapeOf(at, root);
  const wrong = (message: string): ValueProblem[] => [{ path, message }];
  const simple = shape.kind === "string" || shape.kind === "number" || shape.kind === "integer";
  if (simple && (value === undefined || value === null)) return wrong("is required");
  switch (shape.kind) {
    case "json":
      return [];
    case "const":
      return same(value, shape.value) ? [] : wrong(`must be ${JSON.stringify(shape.value)}`);
    case "enum":
      return shape.values.some((each) => same(value, each)) ? [] : wrong("must be one of the choices");
    case "choice":
      return shape.choices.some((each) => checkValue(each, value, root, path).length === 0)
        ? []
        : checkValue(shape.choices[0] ?? {}, value, root, path);
    case "boolean":
      return typeof value === "boolean" ? [] : wrong("must be yes or no");
    case "string":
      return typeof value === "string" ? textProblems(at, value).flatMap(wrong) : wrong("must be a text");
    case "number":
    case "integer":
      return numberProblems(at, value, shape.kind === "integer").flatMap(wrong);
    case "array":
      return arrayProblems(at, shape.items, value, root, path);
    case "object":
      return objectProblems(shape, value, root, path);
  }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

const FORMATS: Record<string, [RegExp, string]> = {
  email: [/^[^\s@]+@[^\s@]+$/, "must be an e-mail address"],
  date: [/^\d{4}-\d\d-\d\d$/, "must be a date such as 2026-03-01"],
  "date-time": [
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i,
    "must be a time such as 2026-03-01T12:00:00Z",
  ],
  uuid: [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "must be a UUID"],
  uri: [/^[a-z][a-z0-9+.-]*:\S+$/i, "must be a URI"],
};

function textProblems({ minLength, maxLength, pattern, format }: Schema, value: string): string[] {
  const length = [...value].length;
  if (minLength !== undefined && length < minLength) {
    return [minLength === 1 ? "must not be empty" : `must have at least ${minLength} characters`];
  }
  if (maxLength !== undefined && length > maxLength) return [`must have at most ${maxLength} characters`];
  if (pattern !== undefined && matches(pattern, value) === false) return [`must match ${pattern}`];
  const [expression, message] = FORMATS[format ?? ""] ?? [];
  return expression && message && !expression.test(value) ? [message] : [];
}

/** Undefined for a pattern that this browser does not understand. */
function matches(pattern: string, value: string): boolean | undefined {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return undefined;
  }
}

function numberProblems(schema: Schema, value: unknown, whole: boolean): string[] {
  if (typeof value !== "number" || !Number.isFinite(value)) return ["must be a number"];
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (whole && !Number.isInteger(value)) return ["must be a whole number"];
  if (minimum !== undefined && value < minimum) return [`must be at least ${minimum}`];
  if (maximum !== undefined && value > maximum) return [`must be at most ${maximum}`];
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return [`must be more than ${exclusiveMinimum}`];
  if (exclusiveMaximum !== undefined && value >= exclusiveMaximum) return [`must be less than ${exclusiveMaximum}`];
  const steps = multipleOf ? value / multipleOf : 0;
  return Math.abs(steps - Math.round(steps)) > 1e-9 ? [`must be a multiple of ${multipleOf}`] : [];
}

function arrayProblems(schema: Schema, items: Schema, value: unknown, root: Schema, path: string): ValueProblem[] {
  if (!Array.isArray(value)) return [{ path, message: "must be a list" }];
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  const size: ValueProblem[] = [];
  if (value.length < minItems) size.push({ path, message: `needs at least ${minItems}` });
  if (value.length > maxItems) size.push({ path, message: `may have at most ${maxItems}` });
  return [...size, ...value.flatMap((each, index) => checkValue(items, each, root, `${path}/${index}`))];
}

function objectProblems(
  { properties, required, closed }: Extract<Shape, { kind: "object" }>,
  value: unknown,
  root: Schema,
  path: string,
): ValueProblem[] {
  if (!isRecord(value)) return [{ path, message: "must be an object" }];
  const fields = properties.flatMap(([name, each]) => {
    if (Object.hasOwn(value, name)) return checkValue(each, value[name], root, `${path}/${name}`);
    return required.has(name) ? [{ path: `${path}/${name}`, message: "is required" }] : [];
  });
  const known = new Set(properties.map(([name]) => name));
  const strange = closed ? Object.keys(value).filter((name) => !known.has(name)) : [];
  return [...fields, ...strange.map((name) => ({ path: `${path}/${name}`, message: "is not known" }))];
}
