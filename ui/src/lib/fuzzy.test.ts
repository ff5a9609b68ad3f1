import { expect, it } from "vitest";
import { fuzzyMatch, fuzzyRank } from "./fuzzy";

it("finds letters in order, and says where", () => {
  expect(fuzzyMatch("ord", "my-Order")?.at).toEqual([3, 4, 5]);
  expect(fuzzyMatch("pp", "process_purchase")?.at).toEqual([0, 8]);
  expect(fuzzyMatch("xz", "process")).toBeUndefined();
});

it("puts whole words and beginnings first", () => {
  const names = ["reorder", "o-r-d", "order", "border"];
  expect(fuzzyRank("ord", names, (name) => name)).toEqual(["order", "o-r-d", "border", "reorder"]);
});

it("keeps all for no text", () => {
  expect(fuzzyRank("", ["b", "a"], (name) => name)).toEqual(["b", "a"]);
});
