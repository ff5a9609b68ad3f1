import { expect, it } from "vitest";
import { ACTIONS, type ActionInput, asCommand, asCurl } from "./actions";

const INPUT: ActionInput = {
  reason: "",
  eventName: "",
  payload: undefined,
  recurse: true,
  newId: false,
  newInput: undefined,
};

it("says an action as a command and as curl, with what a shell would misread in quotes", () => {
  const request = ACTIONS.raise.request("a/b", { ...INPUT, eventName: "it's paid", payload: { amount: 7 } });
  expect(asCommand(request, "http://h", undefined)).toBe(
    `partita raise a/b 'it'\\''s paid' --data '{"amount":7}' --server http://h`,
  );
  expect(asCurl(request, "http://h", "two")).toBe(
    `curl -X POST 'http://h/api/v1/instances/a%2Fb/events/it'\\''s%20paid' -H 'taskhub: two' -H 'Content-Type: application/json' -d '{"amount":7}'`,
  );
});

it("restarts with another input only under a new id", () => {
  expect(ACTIONS.restart.request("x", INPUT).body).toEqual({ newId: false });
  expect(ACTIONS.restart.request("x", { ...INPUT, newInput: { value: 0 } }).body).toEqual({ newId: true, input: 0 });
});

it("leaves out what was not said", () => {
  expect(ACTIONS.raise.request("x", { ...INPUT, eventName: "go" })).not.toHaveProperty("body");
  expect(ACTIONS.suspend.request("x", INPUT).body).toEqual({});
  expect(ACTIONS.purge.request("x", INPUT).path).toBe("/api/v1/instances/x?recurse=true");
});
