import { useState } from "react";
import { collapseAllNested, JsonView } from "react-json-view-lite";
import { bytes } from "../lib/format";
import { Button } from "./Button";

/** Beyond this, a value is offered as a file: drawing it would freeze the tab. */
const MAX_SHOWN_CHARS = 200_000;
const EXPANDED_CHARS = 4000;

const STYLE = {
  container: "json",
  basicChildStyle: "json-child",
  childFieldsContainer: "json-fields",
  label: "json-label",
  clickableLabel: "json-label",
  nullValue: "json-null",
  undefinedValue: "json-null",
  numberValue: "json-number",
  stringValue: "json-string",
  booleanValue: "json-boolean",
  otherValue: "json-null",
  punctuation: "json-punctuation",
  expandIcon: "json-expand",
  collapseIcon: "json-collapse",
  collapsedContent: "json-collapsed",
  noQuotesForStringValues: false,
  quotesForFieldNames: false,
  ariaLables: { collapseJson: "collapse", expandJson: "expand" },
  stringifyStringValues: true,
};

/** Any JSON value, as a tree. Nothing of it is ever taken for markup. */
export function Payload({ value, name = "payload" }: { value: unknown; name?: string }) {
  if (value === undefined || value === null) return <span className="text-muted">none</span>;
  const text = JSON.stringify(value, null, 2);
  if (text.length > MAX_SHOWN_CHARS) return <TooLarge text={text} name={name} />;
  if (typeof value !== "object") return <pre className="whitespace-pre-wrap break-all font-mono text-xs">{text}</pre>;
  return (
    <div className="group relative">
      <JsonView
        data={value}
        style={STYLE}
        clickToExpandNode
        shouldExpandNode={text.length > EXPANDED_CHARS ? collapseAllNested : () => true}
      />
      <CopyButton text={text} />
    </div>
  );
}

function CopyButton({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <Button
      look="quiet"
      className="absolute top-0 right-0 h-6 bg-surface px-2 text-xs opacity-0 focus:opacity-100 group-hover:opacity-100"
      onClick={copy}
    >
      {copied ? "Copied" : "Copy"}
    </Button>
  );
}

function TooLarge({ text, name }: { text: string; name: string }) {
  const download = () => {
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${name}.json`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <p className="flex items-center gap-3">
      {bytes(text.length)} are too much to show. <Button onClick={download}>Download</Button>
    </p>
  );
}
