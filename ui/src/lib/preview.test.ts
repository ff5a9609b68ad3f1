import { expect, it } from "vitest";
import { preview } from "./preview";

it.each([
  [null, ""],
  ["two\n words", "two words"],
  [7, "7"],
  [{ a: [1, "x"], b: null }, '{a: [1, "x"], b: null}'],
  [[], "[]"],
  [{ a: { b: { c: { d: 1 } } } }, "{a: {b: {c: {…}}}}"],
])("shows values in a line", (value, line) => {
  expect(preview(value)).toBe(line);
});

it("cuts off what is too long, without looking at the rest", () => {
  const trap = {
    a: "x".repeat(50),
    get b(): never {
      throw new Error("read");
    },
  };
  expect(preview(trap, 20).length).toBeLessThan(24);
  expect(preview("y".repeat(500), 10)).toBe(`${"y".repeat(10)}…`);
});
