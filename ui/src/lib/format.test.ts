import { expect, it } from "vitest";
import { bytes, duration, relativeTime, zonedTime } from "./format";

it.each([
  [12, "12 ms"],
  [1500, "1.5 s"],
  [61e3, "1 min 1 s"],
  [3600e3, "1 h 0 min"],
  [90_000e3, "1 d 1 h"],
])("writes %d ms as %s", (ms, text) => expect(duration(ms)).toBe(text));

it.each([
  [0, "0 B"],
  [1536, "1.5 KiB"],
  [33_660_934, "32.1 MiB"],
])("writes %d bytes as %s", (value, text) => expect(bytes(value)).toBe(text));

it("writes ages", () => {
  const now = new Date("2026-03-01T12:00:00Z");
  expect(relativeTime(new Date("2026-03-01T10:30:00Z"), now)).toBe("1 hr. ago");
  expect(relativeTime(now, now)).toBe("now");
});

it("writes times of other zones", () => {
  const at = new Date("2026-03-01T12:00:00Z");
  expect(zonedTime(at, "Asia/Tokyo")).toBe("1 Mar 2026, 21:00 Asia/Tokyo");
  expect(zonedTime(at, "Nowhere/Town")).toContain("2026");
});
