import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { workflowsQuery } from "../../api/catalog";
import { ONCE } from "../../api/queries";
import { type Suggestion, suggestions } from "../../lib/suggest";
import { useSlashKey } from "../../ui/SearchInput";

interface FilterInputProps {
  text: string;
  /** Tags that there are. */
  tags: readonly string[];
  onText: (text: string) => void;
  /** The arrow leads on to the list. */
  onLeave: () => void;
}

/** The filter as text, with what it may go on with. */
export function FilterInput({ text, tags, onText, onLeave }: FilterInputProps) {
  const [draft, setDraft] = useState(text);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const { data } = useQuery({ ...workflowsQuery(), meta: ONCE });
  useEffect(() => setDraft(text), [text]);
  useSlashKey(input);

  const names = data?.workflows.map(({ name }) => name) ?? [];
  const offered = open ? suggestions(draft, { names, tags }) : [];
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    setOpen(false);
    onText(draft.trim());
  };
  const change = (next: string) => {
    setDraft(next);
    setOpen(true);
    setAt(-1);
    if (next === "" && text !== "") onText("");
  };
  const take = ({ text: next, open: unfinished }: Suggestion) => {
    change(unfinished ? next : `${next} `);
    if (!unfinished) onText(next.trim());
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = offered[at];
    if (event.key === "ArrowDown" && offered.length > 0) setAt((at + 1) % offered.length);
    else if (event.key === "ArrowDown") onLeave();
    else if (event.key === "ArrowUp" && offered.length > 0) setAt((at - 1 + offered.length) % offered.length);
    else if (event.key === "Tab" && chosen) take(chosen);
    else if (event.key === "Enter" && chosen) take(chosen);
    else if (event.key === "Escape" && open) setOpen(false);
    else if (event.key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
  };

  return (
    <search className="relative min-w-0 flex-1">
      <form onSubmit={submit}>
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted" />
        <input
          ref={input}
          type="search"
          role="combobox"
          aria-label="Filter"
          aria-expanded={offered.length > 0}
          aria-controls={id}
          aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
          autoComplete="off"
          spellCheck={false}
          className="control w-full pl-8 font-mono text-xs"
          placeholder="Press / — status:failed name:Order* created<2h tag:shop=berlin, or part of an id"
          value={draft}
          onChange={({ target }) => change(target.value)}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
      </form>
      <div
        id={id}
        role="listbox"
        aria-label="Suggestions"
        className={`card absolute inset-x-0 top-9 z-20 max-w-2xl p-1 shadow-lg ${offered.length === 0 ? "hidden" : ""}`}
      >
        {offered.map((each, index) => (
          <div
            key={each.term}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className="flex cursor-pointer items-baseline gap-4 rounded px-2 py-1 aria-selected:bg-raised"
            onPointerMove={() => setAt(index)}
            onPointerDown={(event) => {
              event.preventDefault();
              take(each);
            }}
          >
            <span className="min-w-28 font-mono text-xs">{each.term}</span>
            <span className="truncate text-muted text-xs">{each.hint}</span>
          </div>
        ))}
      </div>
    </search>
  );
}
