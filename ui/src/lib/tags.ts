export interface ParsedTags {
  value: Record<string, string>;
  problem: string | undefined;
}

/** Reads `shop=berlin, kind=test`. */
export function parseTags(text: string): ParsedTags {
  const value: Record<string, string> = {};
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const split = part.indexOf("=");
    if (split < 1) return { value, problem: `“${part}” is no tag; a tag is written key=value.` };
    value[part.slice(0, split)] = part.slice(split + 1);
  }
  return { value, problem: undefined };
}

export function formatTags(tags: Record<string, string>): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}
