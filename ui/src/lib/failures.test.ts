import { expect, it } from "vitest";
import type { InstanceSummary } from "../api/client";
import { groupFailures } from "./failures";

function failed(id: string, message: string, name = "Order"): InstanceSummary {
  const at = "2026-03-01T12:00:00Z";
  return {
    id,
    name,
    version: null,
    status: "Failed",
    createdAt: at,
    updatedAt: at,
    completedAt: at,
    parentId: null,
    tags: {},
    setAside: false,
    customStatus: null,
    failure: { errorType: "Refused", message, nonRetriable: false },
  };
}

it("takes errors together that differ in numbers", () => {
  const groups = groupFailures([
    failed("c", "no stock"),
    failed("b", "order 12 refused"),
    failed("a", "order 7 refused"),
  ]);
  expect(groups.map(({ message, count, lastId }) => [message, count, lastId])).toEqual([
    ["order 12 refused", 2, "b"],
    ["no stock", 1, "c"],
  ]);
});

it("keeps workflows apart", () => {
  expect(groupFailures([failed("a", "x"), failed("b", "x", "Refund")])).toHaveLength(2);
});
