import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { Modal } from "../ui/Modal";
import { isTyping } from "../ui/typing";
import { PAGES } from "./navigation";

export type ShellDialog = "palette" | "keys";

/** Ctrl K for the palette, `?` for the keys, and `g` with a letter for a page. */
export function useShellKeys() {
  const [shown, show] = useState<ShellDialog>();
  const navigate = useNavigate();
  const afterG = useRef(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const chord = event.ctrlKey || event.metaKey || event.altKey;
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        show((was) => (was === "palette" ? undefined : "palette"));
        return;
      }
      if (chord || isTyping(event.target)) return;
      const page = afterG.current ? PAGES.find(({ key }) => key === event.key) : undefined;
      afterG.current = event.key === "g";
      if (event.key === "?") show("keys");
      else if (page) void navigate({ to: page.to });
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate]);
  return { shown, show };
}

const KEYS: readonly [string, string][] = [
  ["Ctrl K, ⌘ K", "Go to a page, a workflow, an instance, or do something"],
  ["/", "Search on this page"],
  ["↑ ↓", "Move in a list"],
  ["Enter", "Open what is selected"],
  ["x, Space", "Select the row of a list"],
  ["Esc", "Close a dialog, leave a search"],
  ["?", "Show these shortcuts"],
];

export function KeysHelp({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Modal
      open={open}
      onOpenChange={close}
      title="Keyboard shortcuts"
      description="They work wherever nothing is being typed."
    >
      <dl className="grid grid-cols-[8rem_1fr] gap-x-4 gap-y-2">
        {[...KEYS, ...PAGES.map(({ key, label }) => [`g ${key}`, label] as const)].map(([keys, does]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded border border-line bg-raised px-1.5 py-0.5 font-sans text-xs">{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
