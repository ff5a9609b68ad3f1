import { expect, it } from "vitest";
import { ansiRuns } from "./ansi";

const ESC = "\u001b";

it("takes a line apart where its look changes", () => {
  const runs = ansiRuns(`a ${ESC}[1;31mred${ESC}[0m b`);
  expect(runs.map(({ text, colour, bold }) => [text, colour, bold])).toEqual([
    ["a ", undefined, false],
    ["red", "red", true],
    [" b", undefined, false],
  ]);
});

it.each([
  ["[38;5;39m", "cyan"],
  ["[38;5;196m", "red"],
  ["[38;2;20;20;220m", "blue"],
  ["[38;5;244m", undefined],
  ["[93m", "yellow"],
  ["[48;5;21m", undefined],
])("knows the palettes: %s", (code, colour) => {
  expect(ansiRuns(`${ESC}${code}x`)[0]?.colour).toBe(colour);
});

it("leaves nothing of other sequences, nor takes text for markup", () => {
  const runs = ansiRuns(`${ESC}[2K${ESC}]8;;http://x\u0007<b>link</b>`);
  expect(runs.map(({ text }) => text).join("")).toContain("<b>link</b>");
  expect(runs.map(({ text }) => text).join("")).not.toContain(ESC);
});
