import type { Failure } from "../api/client";

/**
 * A function's error in a state machine has its message and stack trace as JSON in the message, as state machines see
 * it; here they are taken apart for people.
 */
export function readableFailure(failure: Failure): Failure {
  const cause = functionError(failure.message);
  if (!cause) return failure;
  return {
    ...failure,
    message: cause.errorMessage,
    ...(cause.stackTrace && !failure.stackTrace ? { stackTrace: cause.stackTrace.join("\n") } : {}),
  };
}

interface FunctionError {
  errorMessage: string;
  stackTrace: string[] | undefined;
}

function functionError(message: string): FunctionError | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    const { errorMessage, stackTrace } = JSON.parse(message) as Record<string, unknown>;
    if (typeof errorMessage !== "string") return undefined;
    return { errorMessage, stackTrace: Array.isArray(stackTrace) ? stackTrace.map(String) : undefined };
  } catch {
    return undefined;
  }
}
