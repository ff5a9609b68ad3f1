import { expect, it } from "vitest";
import { chosenColumns, columnKeys } from "./columns";

it("reads columns from the URL, and leaves out what is unknown", () => {
  expect(chosenColumns("id,odd,tag:shop,tag:").map(({ key }) => key)).toEqual(["id", "tag:shop"]);
  expect(chosenColumns("odd")).toHaveLength(6);
});

it("writes columns in their order, and the usual ones not at all", () => {
  expect(columnKeys(new Set(["tag:shop", "id", "status"]))).toBe("status,id,tag:shop");
  expect(columnKeys(new Set(["custom", "took", "started", "id", "name", "status"]))).toBeUndefined();
});
