import { expect, it } from "vitest";
import { readYaml } from "./yaml";

it("reads a state machine", () => {
  const text = `
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
      - StartAt: A
        States: { A: { Type: Wait, Seconds: 10, Next: "it's" } }
      - StartAt: B
        States:
          B:
            Type: Succeed
            Comment: |
              two
              lines
    End: true
`;
  expect(readYaml(text)).toEqual({
    StartAt: "Both",
    States: {
      Both: {
        Type: "Parallel",
        Branches: [
          { StartAt: "A", States: { A: { Type: "Wait", Seconds: 10, Next: "it's" } } },
          { StartAt: "B", States: { B: { Type: "Succeed", Comment: "two\nlines" } } },
        ],
        End: true,
      },
    },
  });
});

it.each(["", "a: [", "- - :", "\t", "States:\n  A:"])("does not fail for %j", (text) => {
  expect(() => readYaml(text)).not.toThrow();
});
