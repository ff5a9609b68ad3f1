import { X } from "lucide-react";
import type { ListOrder } from "../../api/queries";
import { terms, withoutTerm } from "../../lib/filter";
import { FilterInput } from "./FilterInput";

const ORDERS: Record<ListOrder, string> = {
  newest: "Newest first",
  oldest: "Oldest first",
  updated: "Last changed first",
  id: "By id",
};

interface FilterBarProps {
  text: string;
  problems: string[];
  order: ListOrder;
  /** Tags that there are. */
  tags: readonly string[];
  onText: (text: string) => void;
  onOrder: (order: ListOrder) => void;
}

/** The keyboard goes on in the list. */
function focusFirstRow(): void {
  document.querySelector<HTMLElement>("tr[data-index] a")?.focus();
}

export function FilterBar({ text, problems, order, tags, onText, onOrder }: FilterBarProps) {
  return (
    <div className="flex flex-col gap-2">
      <div className="flex gap-2">
        <FilterInput text={text} tags={tags} onText={onText} onLeave={focusFirstRow} />
        <select
          aria-label="Order"
          className="control"
          value={order}
          onChange={(event) => onOrder(event.target.value as ListOrder)}
        >
          {Object.entries(ORDERS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <Pills text={text} onText={onText} />
      {problems.map((problem) => (
        <p key={problem} role="alert" className="text-bad">
          {problem}
        </p>
      ))}
    </div>
  );
}

function Pills({ text, onText }: { text: string; onText: (text: string) => void }) {
  const all = terms(text);
  if (all.length === 0) return null;
  return (
    <ul aria-label="Filters" className="flex flex-wrap gap-1.5">
      {all.map((term) => (
        <li
          key={term}
          className="flex items-center gap-1 rounded-full border border-line bg-surface py-0.5 pr-1 pl-2.5 font-mono text-xs"
        >
          {term}
          <button
            type="button"
            aria-label={`Remove ${term}`}
            className="rounded-full p-0.5 text-muted hover:bg-raised hover:text-ink"
            onClick={() => onText(withoutTerm(text, term))}
          >
            <X aria-hidden className="size-3.5" />
          </button>
        </li>
      ))}
      {all.length > 1 && (
        <li>
          <button type="button" className="link px-1 text-xs" onClick={() => onText("")}>
            Clear all
          </button>
        </li>
      )}
    </ul>
  );
}
