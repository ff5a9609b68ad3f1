import { useId } from "react";
import { CodeEditor } from "./CodeEditor";

interface JsonEditorProps {
  label: string;
  text: string;
  onText: (text: string) => void;
  /** What is wrong with the text. */
  problem: string | undefined;
}

/** An editor for a JSON value of any size. */
export function JsonEditor({ label, text, onText, problem }: JsonEditorProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <span id={id} className="text-muted text-xs">
        {label}
      </span>
      <CodeEditor label={label} text={text} onText={onText} className="min-h-24 rounded-md border border-line" />
      {problem && <p className="text-bad text-xs">{problem}</p>}
    </div>
  );
}
