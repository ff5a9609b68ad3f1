import { describe, expect, it } from "vitest";
import { checkValue, chosen, initialValue, type Schema, shapeOf } from "./schema";

const ORDER: Schema = {
  type: "object",
  required: ["kind", "amount", "lines"],
  additionalProperties: false,
  properties: {
    kind: { enum: ["Purchase", "Refund"], default: "Purchase" },
    amount: { type: "integer", minimum: 1 },
    mail: { type: "string", format: "email" },
    lines: { type: "array", minItems: 1, items: { $ref: "#/$defs/line" } },
  },
  $defs: { line: { type: "object", required: ["sku"], properties: { sku: { type: "string", minLength: 1 } } } },
};

function problems(value: unknown): string[] {
  return checkValue(ORDER, value, ORDER).map(({ path, message }) => `${path} ${message}`);
}

describe("checkValue", () => {
  it("takes what fits", () => {
    expect(problems({ kind: "Refund", amount: 2, lines: [{ sku: "a", more: 1 }] })).toEqual([]);
  });

  it("says where what is wrong", () => {
    expect(problems({ kind: "Gift", amount: 0.5, mail: "x", lines: [{ sku: "" }], odd: 1 })).toEqual([
      "/kind must be one of the choices",
      "/amount must be a whole number",
      "/mail must be an e-mail address",
      "/lines/0/sku must not be empty",
      "/odd is not known",
    ]);
    expect(problems({ kind: "Refund" })).toEqual(["/amount is required", "/lines is required"]);
    expect(problems([])).toEqual([" must be an object"]);
  });

  it("does not take inherited names for fields", () => {
    const schema: Schema = { type: "object", required: ["toString"], properties: { toString: { type: "string" } } };
    expect(checkValue(schema, {}, schema)).toHaveLength(1);
  });

  it("takes any of several choices", () => {
    const schema: Schema = { oneOf: [{ type: "string" }, { type: "integer" }] };
    expect(checkValue(schema, 3, schema)).toEqual([]);
    expect(checkValue(schema, true, schema)).toEqual([{ path: "", message: "must be a text" }]);
    expect(chosen(schema.oneOf ?? [], 3, schema)).toBe(1);
  });

  it.each([
    [{ type: "number", multipleOf: 0.1 }, 0.3, 0],
    [{ type: "number", exclusiveMaximum: 3 }, 3, 1],
    [{ type: "string", pattern: "^a" }, "b", 1],
    [{ type: "string", pattern: "(" }, "b", 0],
    [{ const: { a: 1 } }, { a: 1 }, 0],
  ])("checks %j against %j", (schema, value, found) => {
    expect(checkValue(schema as Schema, value, schema as Schema)).toHaveLength(found);
  });
});

describe("shapeOf", () => {
  it.each([
    [{ allOf: [] }, "json"],
    [{ type: ["string", "null"] }, "json"],
    [{ type: "object", additionalProperties: { type: "string" } }, "json"],
    [{ $ref: "#/nowhere" }, "json"],
    [{ properties: {} }, "object"],
  ])("edits %j as %s", (schema, kind) => expect(shapeOf(schema, schema).kind).toBe(kind));

  it("is not caught by circles", () => {
    const schema: Schema = { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } };
    expect(shapeOf(schema, schema)).toEqual({ kind: "json" });
    const nested: Schema = { type: "object", required: ["next"], properties: { next: { $ref: "#" } } };
    expect(JSON.stringify(initialValue(nested, nested)).length).toBeLessThan(500);
  });
});

it("begins with defaults and what is required", () => {
  expect(initialValue(ORDER, ORDER)).toEqual({ kind: "Purchase" });
});
