import { stripAnsi } from "fancy-ansi";

export type AnsiColour = "black" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "white";

/** A run of text that looks the same. */
export interface AnsiRun {
  text: string;
  colour: AnsiColour | undefined;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
}

type Style = Omit<AnsiRun, "text">;

const COLOURS: readonly AnsiColour[] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
const PLAIN: Style = { colour: undefined, bold: false, dim: false, italic: false, underline: false };
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const SGR = /\u001b\[([\d;:]*)m/g;
const CUBE = [0, 95, 135, 175, 215, 255];

/**
 * A line with its colours and weights. Colours of the large palettes become the nearest of the eight, which are legible
 * in both themes; backgrounds are left out, as is what else terminals understand.
 */
export function ansiRuns(line: string): AnsiRun[] {
  const runs: AnsiRun[] = [];
  let style = PLAIN;
  let from = 0;
  const add = (to: number) => {
    const text = stripAnsi(line.slice(from, to));
    if (text !== "") runs.push({ text, ...style });
  };
  for (const match of line.matchAll(SGR)) {
    add(match.index);
    style = restyled(style, (match[1] ?? "").split(/[;:]/).map(Number));
    from = match.index + match[0].length;
  }
  add(line.length);
  return runs;
}

function restyled(was: Style, codes: number[]): Style {
  let style = was;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const wide = codes[at + 1] === 2;
      const colour = wide ? nearest(codes.slice(at + 2, at + 5)) : indexed(codes[at + 2] ?? 0);
      if (code === 38) style = { ...style, colour };
      at += wide ? 4 : 2;
    } else {
      style = withCode(style, code);
    }
  }
  return style;
}

function withCode(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 3) return { ...style, italic: true };
  if (code === 4) return { ...style, underline: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 23) return { ...style, italic: false };
  if (code === 24) return { ...style, underline: false };
  if (code === 39) return { ...style, colour: undefined };
  if (code >= 30 && code <= 37) return { ...style, colour: COLOURS[code - 30] };
  if (code >= 90 && code <= 97) return { ...style, colour: COLOURS[code - 90] };
  return style;
}

/** Of the palette of 256. */
function indexed(index: number): AnsiColour | undefined {
  if (index < 16) return COLOURS[index % 8];
  if (index >= 232) return undefined;
  const at = index - 16;
  return nearest([CUBE[Math.floor(at / 36)] ?? 0, CUBE[Math.floor(at / 6) % 6] ?? 0, CUBE[at % 6] ?? 0]);
}

/** The hue that the channels above the middle make; none for greys. */
function nearest([red = 0, green = 0, blue = 0]: readonly number[]): AnsiColour | undefined {
  const [low, high] = [Math.min(red, green, blue), Math.max(red, green, blue)];
  if (high - low < 32) return undefined;
  const on = (channel: number) => (channel > (low + high) / 2 ? 1 : 0);
  return COLOURS[on(red) + on(green) * 2 + on(blue) * 4];
}
