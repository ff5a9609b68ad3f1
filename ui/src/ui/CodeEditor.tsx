import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import type { EditorHandle, Language, Mark } from "./codemirror";

interface CodeEditorProps {
  label: string;
  text: string;
  onText: (text: string) => void;
  /** As it is when the editor is first shown. */
  language?: Language;
  marks?: readonly Mark[];
  tall?: boolean;
  readOnly?: boolean;
  className?: string;
  ref?: Ref<Pick<EditorHandle, "goTo">>;
}

/** A text editor; its code is loaded when it is first needed. */
export function CodeEditor(props: CodeEditorProps) {
  const { text, marks, className = "", ref } = props;
  const host = useRef<HTMLDivElement>(null);
  const handle = useRef<EditorHandle>(undefined);
  const latest = useRef(props);
  const [ready, setReady] = useState(false);

  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    let unmounted = false;
    void import("./codemirror").then(({ openEditor }) => {
      if (unmounted || !host.current) return;
      const { label, text, language = "json", marks, tall = false, readOnly = false } = latest.current;
      const onText = (next: string) => latest.current.onText(next);
      handle.current = openEditor(host.current, {
        label,
        text,
        onText,
        language,
        marked: marks !== undefined,
        tall,
        readOnly,
      });
      setReady(true);
    });
    return () => {
      unmounted = true;
      handle.current?.close();
    };
  }, []);
  useEffect(() => {
    if (ready) handle.current?.setText(text);
  }, [ready, text]);
  useEffect(() => {
    if (ready && marks) handle.current?.setMarks(marks);
  }, [ready, marks]);
  useImperativeHandle(ref, () => ({ goTo: (line, column) => handle.current?.goTo(line, column) }), []);

  return <div ref={host} className={`cm-host overflow-hidden bg-surface ${className}`} />;
}

interface DiffViewProps {
  label: string;
  before: string;
  after: string;
  language: Language;
  className?: string;
}

/** What differs between two texts. */
export function DiffView({ label, before, after, language, className = "" }: DiffViewProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let close: (() => void) | undefined;
    let unmounted = false;
    void import("./codemirror").then(({ openDiff }) => {
      if (!unmounted && host.current) close = openDiff(host.current, { label, before, after, language });
    });
    return () => {
      unmounted = true;
      close?.();
    };
  }, [label, before, after, language]);
  return <div ref={host} className={`cm-host overflow-hidden bg-surface ${className}`} />;
}
