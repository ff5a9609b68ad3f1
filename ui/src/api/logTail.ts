import { useEffect, useRef, useState } from "react";
import { ApiError, type LogLine } from "./client";
import { withHub } from "./hub";

/** Older lines are let go. */
const MAX_LINES = 10_000;
const FIRST_LINES = 1000;
const RETRY_MS = 3000;
/** Lines that come in a burst are shown together. */
const FLUSH_MS = 150;

export interface LogTail {
  lines: readonly LogLine[];
  state: "loading" | "following" | "ended" | "paused" | "failed";
  error: Error | undefined;
}

const START: LogTail = { lines: [], state: "loading", error: undefined };

/**
 * The lines of an address of logs, and those that come, while the component is shown and the tab can be seen. `again`
 * says with another value that a stream which had ended is to be opened anew.
 */
export function useLogTail(address: string, again = ""): LogTail {
  const [tail, setTail] = useState(START);
  const shown = useRef("");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks for another stream.
  useEffect(() => {
    if (shown.current !== address) setTail(START);
    shown.current = address;
    let abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (signal: AbortSignal) => {
      const change = (part: Partial<LogTail>) => signal.aborted || setTail((was) => ({ ...was, ...part }));
      try {
        await follow(address, signal, (lines) => change({ lines, state: "following", error: undefined }));
        change({ state: "ended" });
      } catch (error) {
        if (signal.aborted) return;
        change({ state: "failed", error: error instanceof Error ? error : new Error(String(error)) });
        if (!(error instanceof ApiError)) timer = setTimeout(() => void run(signal), RETRY_MS);
      }
    };
    const visibility = () => {
      abort.abort();
      clearTimeout(timer);
      abort = new AbortController();
      if (document.hidden) setTail((was) => ({ ...was, state: "paused" }));
      else void run(abort.signal);
    };
    visibility();
    document.addEventListener("visibilitychange", visibility);
    return () => {
      document.removeEventListener("visibilitychange", visibility);
      clearTimeout(timer);
      abort.abort();
    };
  }, [address, again]);
  return tail;
}

async function follow(address: string, signal: AbortSignal, tell: (lines: LogLine[]) => void): Promise<void> {
  const response = await fetch(withHub(`${address}?follow=true&lines=${FIRST_LINES}`), { signal });
  if (!response.ok || !response.body) throw new ApiError(await response.json());
  const lines: LogLine[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    lines.splice(0, lines.length - MAX_LINES);
    tell([...lines]);
  };
  tell([]);
  const parse = eventParser((type, data) => {
    if (type !== "line") return;
    lines.push(JSON.parse(data) as LogLine);
    timer ??= setTimeout(flush, FLUSH_MS);
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parse(value);
  }
  clearTimeout(timer);
  flush();
}

/** Takes server-sent events out of pieces of text. */
function eventParser(onEvent: (type: string, data: string) => void): (piece: string) => void {
  let rest = "";
  return (piece) => {
    const blocks = `${rest}${piece}`.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      let type = "message";
      const data: string[] = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) type = line.slice(6).trim();
        if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      }
      if (data.length > 0) onEvent(type, data.join("\n"));
    }
  };
}
