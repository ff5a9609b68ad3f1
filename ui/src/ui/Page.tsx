import { Check, Copy } from "lucide-react";
import { type ReactNode, useEffect, useId, useState } from "react";

interface PageProps {
  title: string;
  /** Above the title: what it belongs to. */
  crumb?: ReactNode;
  /** Beside the title, what it is in a few words. */
  aside?: ReactNode;
  /** At the right of the title. */
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, crumb, aside, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Partita`;
  }, [title]);
  return (
    <div className="mx-auto flex min-h-full w-full min-w-0 max-w-[120rem] flex-col gap-4 p-4 lg:px-6 lg:py-5">
      <header className="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          {crumb && <p className="text-muted text-xs">{crumb}</p>}
          <div className="flex flex-wrap items-baseline gap-x-3">
            <h1 className="break-all font-semibold text-xl tracking-tight">{title}</h1>
            {aside && <div className="text-muted">{aside}</div>}
          </div>
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface SectionProps {
  title: string;
  aside?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Section({ title, aside, className = "", children }: SectionProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={`card min-w-0 ${className}`}>
      <header className="flex min-h-10 items-center justify-between gap-3 border-line border-b px-4 py-1.5">
        <h2 id={id} className="font-semibold">
          {title}
        </h2>
        {aside && <div className="flex min-w-0 items-center gap-2 text-muted text-xs">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

/** Says that there is nothing, and what the next step is. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-10 text-center">
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-xl text-muted leading-6 [&_.link]:underline">{children}</div>}
    </div>
  );
}

/** A command to be typed, with a button that copies it. */
export function Command({ children }: { children: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard?.writeText(children).then(() => setCopied(true));
  const Icon = copied ? Check : Copy;
  return (
    <code className="inline-flex items-center gap-1 rounded bg-raised px-1.5 py-0.5 align-middle font-mono text-ink text-xs">
      {children}
      <button
        type="button"
        aria-label={copied ? "Copied" : `Copy ${children}`}
        className="text-muted hover:text-ink"
        onClick={copy}
      >
        <Icon aria-hidden className="size-3" />
      </button>
    </code>
  );
}
