import type { ReactNode } from "react";

/** Labels and values in two columns; what has no value is left out. */
export function Facts({ facts }: { facts: Readonly<Record<string, ReactNode>> }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,1fr)_minmax(0,2fr)] gap-x-4 gap-y-1.5 px-4 py-3">
      {Object.entries(facts).map(
        ([label, value]) =>
          value !== undefined &&
          value !== null && (
            <div key={label} className="contents">
              <dt className="text-muted">{label}</dt>
              <dd className="min-w-0 break-words tabular-nums">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
