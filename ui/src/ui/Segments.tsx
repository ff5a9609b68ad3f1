interface SegmentsProps<T extends string> {
  label: string;
  /** Texts by value. */
  choices: Record<T, string>;
  value: T;
  onValue: (value: T) => void;
}

/** One of a few. */
export function Segments<T extends string>({ label, choices, value, onValue }: SegmentsProps<T>) {
  return (
    <fieldset className="inline-flex gap-0.5 rounded-md bg-raised p-0.5">
      <legend className="sr-only">{label}</legend>
      {(Object.keys(choices) as T[]).map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === value}
          className="rounded px-2 py-0.5 text-muted text-xs hover:text-ink aria-pressed:bg-surface aria-pressed:text-ink aria-pressed:shadow-xs"
          onClick={() => onValue(each)}
        >
          {choices[each]}
        </button>
      ))}
    </fieldset>
  );
}
