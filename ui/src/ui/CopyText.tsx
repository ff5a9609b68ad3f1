import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "./Button";

/** Text to be copied whole, in a box. */
export function CopyText({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState<string>();
  const done = copied === text;
  const copy = () => void navigator.clipboard?.writeText(text).then(() => setCopied(text));
  const Icon = done ? Check : Copy;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-center justify-between">
        <span className="text-muted text-xs">{label}</span>
        <Button look="quiet" className="h-6 px-2 text-xs" aria-label={`Copy ${label}`} onClick={copy}>
          <Icon aria-hidden className="size-3.5" /> {done ? "Copied" : "Copy"}
        </Button>
      </div>
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
        tabIndex={0}
        className="max-h-48 overflow-auto whitespace-pre-wrap break-all rounded-md bg-raised p-2.5 font-mono text-xs"
      >
        {text}
      </pre>
    </div>
  );
}
