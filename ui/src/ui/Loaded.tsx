import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isMissing } from "../api/client";
import { Button } from "./Button";
import { Skeleton } from "./Skeleton";

interface ProblemProps {
  error: Error;
  onRetry?: () => void;
}

export function ProblemNote({ error, onRetry }: ProblemProps) {
  return (
    <div
      role="alert"
      className="m-4 flex items-center justify-between gap-4 rounded-md border border-bad/40 bg-bad/5 p-3"
    >
      <p className="min-w-0 break-words text-bad">{error.message}</p>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  /** Shown when it does not exist. */
  missing?: ReactNode;
  rows?: number;
  children: (data: T) => ReactNode;
}

/** What a query has, or why it has nothing yet. */
export function Loaded<T>({ query, missing, rows, children }: LoadedProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.error && missing !== undefined && isMissing(query.error)) return missing;
  if (query.error) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return <Skeleton {...(rows !== undefined && { rows })} />;
}
