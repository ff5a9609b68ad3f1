import { Search } from "lucide-react";
import { type RefObject, useEffect, useRef } from "react";
import { isTyping } from "./typing";

/** `/` takes the keyboard to the field, unless something is being typed. */
export function useSlashKey(input: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== "/" || isTyping(event.target) || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener("keydown", focus);
    return () => window.removeEventListener("keydown", focus);
  }, [input]);
}

interface SearchInputProps {
  label: string;
  text: string;
  onText: (text: string) => void;
  placeholder?: string;
}

/** Narrows a list while it is typed in. */
export function SearchInput({ label, text, onText, placeholder = label }: SearchInputProps) {
  const input = useRef<HTMLInputElement>(null);
  useSlashKey(input);
  return (
    <search className="relative w-72 max-w-full">
      <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted" />
      <input
        ref={input}
        type="search"
        aria-label={label}
        className="control w-full pl-8"
        placeholder={`${placeholder}  ( / )`}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
    </search>
  );
}
