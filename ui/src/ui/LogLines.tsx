import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { LogLine } from "../api/client";
import { type AnsiColour, type AnsiRun, ansiRuns } from "../lib/ansi";
import { clockTime, exactTime } from "../lib/format";
import { Button } from "./Button";
import { Empty } from "./Page";

const LINE_PX = 20;
/** This near to the end counts as at the end. */
const END_PX = 24;

/** Loggers write to stderr whatever it is about: it is marked, not shouted. */
const STREAMS: Record<LogLine["stream"], string> = {
  stdout: "border-transparent",
  stderr: "border-bad/50",
  host: "border-transparent text-muted",
};

const COLOURS: Record<AnsiColour, string> = {
  black: "text-muted",
  red: "text-bad",
  green: "text-good",
  yellow: "text-wait",
  blue: "text-busy",
  magenta: "text-accent",
  cyan: "text-busy",
  white: "text-ink",
};

interface LogLinesProps {
  lines: readonly LogLine[];
  /** Whether the function is said at each line. */
  functions?: boolean;
}

/** Lines that functions printed. It stays at the end as lines come, unless it was scrolled away from there. */
export function LogLines({ lines, functions = true }: LogLinesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_PX,
    overscan: 30,
  });
  const toEnd = () => virtual.scrollToIndex(lines.length - 1, { align: "end" });
  const last = lines.at(-1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new last line moves the end.
  useEffect(() => {
    if (atEnd && last) toEnd();
  }, [last, atEnd]);
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current ?? document.body;
    setAtEnd(scrollHeight - scrollTop - clientHeight < END_PX);
  };

  if (lines.length === 0) {
    return <Empty title="Nothing was printed.">Only functions that this server runs have logs here.</Empty>;
  }
  return (
    <div className="card relative">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard. */}
      <section ref={scroller} aria-label="Log" tabIndex={0} onScroll={onScroll} className="max-h-[60vh] overflow-auto">
        <ol className="relative font-mono text-xs leading-5" style={{ height: virtual.getTotalSize() + 8 }}>
          {virtual.getVirtualItems().map(({ key, index, start }) => {
            const line = lines[index];
            return (
              line && (
                <li
                  key={key}
                  ref={virtual.measureElement}
                  data-index={index}
                  className="absolute inset-x-0 flex gap-3 px-3 hover:bg-raised"
                  style={{ transform: `translateY(${start + 4}px)` }}
                >
                  <Line line={line} functions={functions} />
                </li>
              )
            );
          })}
        </ol>
      </section>
      {!atEnd && (
        <Button className="absolute right-4 bottom-3 shadow-md" onClick={toEnd}>
          <ArrowDownToLine aria-hidden className="size-4" /> To the end
        </Button>
      )}
    </div>
  );
}

function Line({ line, functions }: { line: LogLine; functions: boolean }) {
  const at = new Date(line.at);
  return (
    <>
      <time dateTime={line.at} title={exactTime(at)} className="shrink-0 text-muted">
        {clockTime(at)}
      </time>
      {functions && (
        <span className="w-36 shrink-0 truncate text-accent" title={line.function}>
          {line.function}
        </span>
      )}
      <span
        title={line.stream}
        className={`min-w-0 flex-1 whitespace-pre-wrap break-words border-l-2 pl-2 ${STREAMS[line.stream]}`}
      >
        {ansiRuns(line.text).map((run, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a run has nothing of its own to be known by.
          <span key={index} className={runClass(run)}>
            {run.text}
          </span>
        ))}
      </span>
    </>
  );
}

function runClass({ colour, bold, dim, italic, underline }: AnsiRun): string {
  return [
    colour && COLOURS[colour],
    bold && "font-bold",
    dim && "text-muted",
    italic && "italic",
    underline && "underline",
  ]
    .filter(Boolean)
    .join(" ");
}
