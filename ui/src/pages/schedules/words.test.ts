import { expect, it } from "vitest";
import { cronWords } from "./words";

it.each([
  ["0 6 * * *", "At 06:00"],
  ["*/5 * * * *", "Every 5 minutes"],
  ["not a cron", "not a cron"],
])("says %s in words", (cron, words) => expect(cronWords(cron)).toBe(words));
