import { expect, it, vi } from "vitest";
import { asCommand, asCurl, startBody } from "./commands";

vi.mock("../../../api/hub", () => ({ hub: undefined }));

const EMPTY = { id: "", version: "", tags: {}, input: undefined, scheduledAt: "" };

it("leaves out what was left empty", () => {
  expect(startBody(EMPTY)).toEqual({});
  expect(startBody({ ...EMPTY, input: null, tags: { a: "1" } })).toEqual({ input: null, tags: { a: "1" } });
});

it("writes commands that a shell takes as they are meant", () => {
  const request = { ...EMPTY, id: "a b", input: { text: "it's" }, tags: { shop: "x" } };
  expect(asCommand("http://h:1", "Order", request)).toBe(
    `partita start Order --input '{"text":"it'\\''s"}' --id 'a b' --tag shop=x --server http://h:1`,
  );
  expect(asCurl("http://h:1", "Order", request)).toContain(
    `'{"id":"a b","tags":{"shop":"x"},"input":{"text":"it'\\''s"}}'`,
  );
});
