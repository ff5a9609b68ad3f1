export interface ParsedJson {
  /** Undefined when the text is empty or wrong. */
  value: unknown;
  problem: string | undefined;
}

export function parseJson(text: string): ParsedJson {
  if (text.trim() === "") return { value: undefined, problem: undefined };
  try {
    return { value: JSON.parse(text), problem: undefined };
  } catch (error) {
    return { value: undefined, problem: error instanceof Error ? error.message : "This is not JSON." };
  }
}
