import { expect, it } from "vitest";
import { suggestions } from "./suggest";

const KNOWN = { names: ["Order", "New order", "Refund"], tags: ["shop"] };

function texts(text: string): string[] {
  return suggestions(text, KNOWN).map((each) => each.text);
}

it.each([
  ["st", ["status:"]],
  ["status:f", ["status:failed"]],
  ["status:failed na", ["status:failed name:"]],
  ["name:N", ['name:"New order"']],
  ["tag:", ["tag:shop="]],
  ["created<", ["created<15m", "created<1h", "created<1d", "created<7d"]],
  ["is:r", ["is:root"]],
  ["id:abc", []],
  ["status:failed", []],
])("goes on from %s", (text, expected) => expect(texts(text)).toEqual(expected));

it("offers keys where a term may begin", () => {
  expect(texts("abc ")).toContain("abc status:");
  expect(texts("")).toHaveLength(8);
});
