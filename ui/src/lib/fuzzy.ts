export interface FuzzyMatch {
  score: number;
  /** Positions of the letters that were found. */
  at: number[];
}

const RUN = 4;
const WORD_START = 3;

/**
 * How well the letters of `wanted` are found in `text`, in order and in any case; undefined when they are not. Letters
 * that stand together, or begin a word, count more; what begins early and is short comes first among equals.
 */
export function fuzzyMatch(wanted: string, text: string): FuzzyMatch | undefined {
  const needle = wanted.toLowerCase();
  const hay = text.toLowerCase();
  const whole = hay.indexOf(needle);
  const at = whole >= 0 ? Array.from(needle, (_, index) => whole + index) : scattered(needle, hay);
  if (!at) return undefined;
  const runs = at.filter((position, index) => index > 0 && at[index - 1] === position - 1).length;
  const starts = at.filter((position) => position === 0 || /[^a-z0-9]/.test(hay.charAt(position - 1))).length;
  return { score: runs * RUN + starts * WORD_START - (at[0] ?? 0) / 100 - hay.length / 1000, at };
}

function scattered(needle: string, hay: string): number[] | undefined {
  const at: number[] = [];
  let from = 0;
  for (const letter of needle) {
    const found = hay.indexOf(letter, from);
    if (found < 0) return undefined;
    at.push(found);
    from = found + 1;
  }
  return at;
}

/** Those that match, the best first. */
export function fuzzyRank<T>(wanted: string, all: readonly T[], textOf: (each: T) => string): T[] {
  if (wanted === "") return [...all];
  return all
    .flatMap((each) => {
      const match = fuzzyMatch(wanted, textOf(each));
      return match ? [{ each, score: match.score }] : [];
    })
    .sort((a, b) => b.score - a.score)
    .map(({ each }) => each);
}
