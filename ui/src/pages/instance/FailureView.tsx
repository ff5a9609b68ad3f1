import type { Failure } from "../../api/client";
import { readableFailure } from "../../lib/failure";

/** An error with what caused it, innermost last. */
export function FailureView({ failure, title }: { failure: Failure; title?: string }) {
  return (
    <section aria-label={title ?? "Error"} className="rounded-lg border border-bad/40 bg-bad/5 p-4">
      {title && <h2 className="mb-1 text-muted text-xs">{title}</h2>}
      <FailureBody failure={failure} />
    </section>
  );
}

const LONG = 300;
/** What scrolls must be reachable with the keyboard. */
const SCROLLED = { tabIndex: 0 };

function FailureBody({ failure: original }: { failure: Failure }) {
  const failure = readableFailure(original);
  return (
    <>
      <p className="max-h-40 overflow-y-auto break-words" {...(failure.message.length > LONG && SCROLLED)}>
        <span className="font-medium font-mono text-bad text-xs">{failure.errorType}</span> {failure.message}
        {failure.nonRetriable && <span className="ml-2 text-muted text-xs">not retried</span>}
      </p>
      {failure.stackTrace && (
        <details className="mt-2">
          <summary className="text-muted text-xs">Stack trace</summary>
          <pre className="mt-1 max-h-80 overflow-auto rounded bg-surface p-3 font-mono text-xs">
            {failure.stackTrace}
          </pre>
        </details>
      )}
      {failure.inner && (
        <div className="mt-3 border-bad/30 border-l-2 pl-3">
          <p className="text-muted text-xs">Caused by</p>
          <FailureBody failure={failure.inner} />
        </div>
      )}
    </>
  );
}
