const WIDTHS = ["w-11/12", "w-9/12", "w-10/12", "w-7/12"];

/** Stands where rows will be. */
export function Skeleton({ rows = 4 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-3 p-4">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike.
        <div key={index} className={`h-3.5 rounded bg-raised motion-safe:animate-pulse ${WIDTHS[index % 4]}`} />
      ))}
    </div>
  );
}
