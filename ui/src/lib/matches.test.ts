import { expect, it } from "vitest";
import type { Filter, InstanceSummary } from "../api/client";
import { matches } from "./matches";

const INSTANCE: InstanceSummary = {
  id: "Order-17",
  name: "OrderFlow",
  version: null,
  status: "Running",
  createdAt: "2026-03-01T12:00:00Z",
  updatedAt: "2026-03-01T12:00:00Z",
  completedAt: null,
  parentId: "p",
  tags: { shop: "berlin" },
  setAside: false,
  customStatus: null,
};

const PASSED: Filter[] = [
  {},
  { status: ["Failed", "Running"], name: ["Order*"] },
  { idContains: "order-1", idPrefix: "Order", parent: "p", setAside: false },
  { tags: { shop: "berlin" }, createdFrom: "2026-03-01T12:00:00Z" },
];

const REFUSED: Filter[] = [
  { status: ["Failed"] },
  { name: ["Order"] },
  { idPrefix: "order" },
  { tags: { shop: "paris" } },
  { tags: { toString: "x" } },
  { createdTo: "2026-03-01T12:00:00Z" },
  { completedFrom: "2026-01-01T00:00:00Z" },
  { rootsOnly: true },
  { setAside: true },
];

it.each(PASSED)("passes %j", (filter) => expect(matches(filter, INSTANCE)).toBe(true));
it.each(REFUSED)("does not pass %j", (filter) => expect(matches(filter, INSTANCE)).toBe(false));
