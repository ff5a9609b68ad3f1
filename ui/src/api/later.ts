import type { InstanceDetail } from "./client";

/** The later of two states of an instance. Times are written with the same number of digits, so that text compares. */
export function later(asked: InstanceDetail, told: InstanceDetail | undefined): InstanceDetail {
  if (told === undefined || told.updatedAt < asked.updatedAt) return asked;
  return told.updatedAt > asked.updatedAt || told.historyEvents > asked.historyEvents ? told : asked;
}
