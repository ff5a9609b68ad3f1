import { expect, test } from "vitest";
import type { InstanceDetail } from "./client";
import { later } from "./later";

const at = (updatedAt: string, historyEvents: number) => ({ updatedAt, historyEvents }) as InstanceDetail;

test("an answer that was overtaken does not count", () => {
  const running = at("2026-01-01T00:00:00.000001Z", 13);
  const ended = at("2026-01-01T00:00:00.000002Z", 19);
  expect(later(running, ended)).toBe(ended);
  expect(later(ended, running)).toBe(ended);
  expect(later(running, undefined)).toBe(running);
  expect(later(running, at(running.updatedAt, 14)).historyEvents).toBe(14);
  // Restarted under its id: less history, but later.
  expect(later(at("2026-01-02T00:00:00.000000Z", 2), ended).historyEvents).toBe(2);
});
