import { expect, it } from "vitest";
import { readableFailure } from "./failure";

const FAILURE = { errorType: "ValueError", nonRetriable: false };

it("takes a function's error apart", () => {
  const message = JSON.stringify({ errorMessage: "card refused", errorType: "ValueError", stackTrace: ["a", "b"] });
  expect(readableFailure({ ...FAILURE, message })).toEqual({
    ...FAILURE,
    message: "card refused",
    stackTrace: "a\nb",
  });
});

it.each(["plain", "{not json", '{"other":1}'])("leaves %s as it is", (message) => {
  expect(readableFailure({ ...FAILURE, message })).toEqual({ ...FAILURE, message });
});
