import { X } from "lucide-react";
import type { ReactNode } from "react";

interface SidePanelProps {
  title: string;
  close: () => void;
  children: ReactNode;
}

/** What is known of something that was selected in a drawing. */
export function SidePanel({ title, close, children }: SidePanelProps) {
  return (
    <aside
      aria-label={title}
      className="absolute inset-y-0 right-0 z-10 flex w-80 max-w-full shrink-0 flex-col border-line border-l bg-surface shadow-lg lg:static lg:max-h-[max(calc(100dvh-17rem),30rem)] lg:w-96 lg:shadow-none"
    >
      <header className="flex items-center justify-between gap-2 border-line border-b px-4 py-2">
        <h2 className="break-all font-semibold">{title}</h2>
        <button
          type="button"
          aria-label="Close"
          className="rounded p-1 text-muted hover:bg-raised hover:text-ink"
          onClick={close}
        >
          <X aria-hidden className="size-4" />
        </button>
      </header>
      <div className="flex min-h-0 flex-col gap-3 overflow-y-auto p-4">{children}</div>
    </aside>
  );
}

export function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <h3 className="mb-0.5 text-muted text-xs">{label}</h3>
      {children}
    </div>
  );
}
