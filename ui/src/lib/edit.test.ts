import { expect, it } from "vitest";
import { replaced, withField, without } from "./edit";

it("edits copies", () => {
  expect(without(["a", "b", "c"], 1)).toEqual(["a", "c"]);
  expect(replaced(["a", "b"], 1, "x")).toEqual(["a", "x"]);
  expect(Object.keys(withField({ a: 1, b: 2 }, "a", 3))).toEqual(["a", "b"]);
  expect(withField({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
});
