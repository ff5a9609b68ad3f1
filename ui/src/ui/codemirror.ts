import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintGutter, setDiagnostics } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export type Language = "json" | "yaml";

/** Something to be said of a part of the text; lines and columns count from 1, the end is exclusive. */
export interface Mark {
  severity: "error" | "warning";
  message: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface EditorHandle {
  setText: (text: string) => void;
  setMarks: (marks: readonly Mark[]) => void;
  goTo: (line: number, column: number) => void;
  close: () => void;
}

interface EditorOptions {
  label: string;
  text: string;
  onText: (text: string) => void;
  language?: Language;
  /** Marks are set from outside; without, JSON is checked for being JSON. */
  marked?: boolean;
  /** Fills its place instead of growing with its text. */
  tall?: boolean;
  readOnly?: boolean;
}

const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--color-accent)" },
  { tag: tags.string, color: "var(--color-good)" },
  { tag: tags.number, color: "var(--color-wait)" },
  { tag: [tags.bool, tags.null], color: "var(--color-busy)" },
  { tag: tags.comment, color: "var(--color-muted)" },
]);

const THEME = EditorView.theme({
  "&": { fontSize: "12px", color: "var(--color-ink)" },
  "&.cm-focused": { outline: "2px solid var(--color-accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-content": { caretColor: "var(--color-ink)" },
  ".cm-cursor": { borderLeftColor: "var(--color-ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--color-accent) 22%, transparent) !important",
  },
  ".cm-matchingBracket": { background: "color-mix(in srgb, var(--color-accent) 25%, transparent) !important" },
  ".cm-gutters": { background: "transparent", color: "var(--color-muted)", border: "none" },
  ".cm-tooltip": {
    background: "var(--color-surface)",
    color: "var(--color-ink)",
    border: "1px solid var(--color-line)",
    borderRadius: "6px",
    maxWidth: "32rem",
  },
  ".cm-diagnostic": { fontFamily: "var(--font-sans)", padding: "4px 8px" },
  // CodeMirror draws these as data: images, which the page's policy forbids.
  ".cm-lint-marker": { width: "10px", height: "10px", margin: "4px 2px" },
  ".cm-lint-marker-error": { content: "normal", background: "var(--color-bad)", borderRadius: "50%" },
  ".cm-lint-marker-warning": {
    content: "normal",
    background: "var(--color-wait)",
    clipPath: "polygon(50% 0, 100% 100%, 0 100%)",
  },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--color-bad) 1px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--color-wait) 1px" },
  ".cm-changedLine": { background: "color-mix(in srgb, var(--color-good) 12%, transparent) !important" },
  ".cm-changedText": { background: "color-mix(in srgb, var(--color-good) 28%, transparent) !important" },
  ".cm-deletedChunk": { background: "color-mix(in srgb, var(--color-bad) 10%, transparent) !important" },
  ".cm-deletedText": { background: "color-mix(in srgb, var(--color-bad) 25%, transparent) !important" },
  ".cm-collapsedLines": {
    background: "var(--color-raised) !important",
    color: "var(--color-muted) !important",
    padding: "4px 12px",
  },
  ".cm-collapsedLines:before": { content: '"⋯"' },
  ".cm-collapsedLines:after": { content: '""' },
});

const SHORT = EditorView.theme({ "&": { maxHeight: "40vh" }, ".cm-scroller": { minHeight: "6rem" } });
const TALL = EditorView.theme({ "&": { height: "100%" } });

const parseProblems = jsonParseLinter();

/** Like the JSON linter, but no text at all is no mistake: it stands for no value. */
function problems(view: EditorView): Diagnostic[] {
  return view.state.doc.length === 0 ? [] : parseProblems(view);
}

function looks(label: string, language: Language): Extension[] {
  return [
    lineNumbers(),
    foldGutter(),
    bracketMatching(),
    language === "json" ? json() : yaml(),
    syntaxHighlighting(HIGHLIGHT),
    THEME,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  ];
}

/** Its styles live in a shadow root, as a constructed sheet: the page's policy forbids style elements. */
function shadowOf(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: "open" });
}

function offset({ doc }: EditorState, line: number, column: number): number {
  const { from, to } = doc.line(Math.min(Math.max(1, line), doc.lines));
  return Math.min(from + Math.max(0, column - 1), to);
}

function diagnosticOf(state: EditorState, { severity, message, ...at }: Mark): Diagnostic {
  const from = offset(state, at.line, at.column);
  const to = Math.max(from, offset(state, at.endLine, at.endColumn));
  return { severity, message, from, to };
}

export function openEditor(host: HTMLElement, options: EditorOptions): EditorHandle {
  const { label, text, onText, language = "json", marked = false, tall = false, readOnly = false } = options;
  const root = shadowOf(host);
  const view = new EditorView({
    parent: root,
    root,
    doc: text,
    extensions: [
      looks(label, language),
      history(),
      marked ? lintGutter() : language === "json" ? linter(problems) : [],
      tall ? TALL : SHORT,
      EditorState.readOnly.of(readOnly),
      keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, ...(tall ? [indentWithTab] : [])]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) onText(update.state.doc.toString());
      }),
    ],
  });
  return {
    setText: (next) => {
      const now = view.state.doc.toString();
      if (now !== next) view.dispatch({ changes: { from: 0, to: now.length, insert: next } });
    },
    setMarks: (marks) => {
      view.dispatch(
        setDiagnostics(
          view.state,
          marks.map((mark) => diagnosticOf(view.state, mark)),
        ),
      );
    },
    goTo: (line, column) => {
      const anchor = offset(view.state, line, column);
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    close: () => view.destroy(),
  };
}

interface DiffOptions {
  label: string;
  before: string;
  after: string;
  language: Language;
}

/** What differs between two texts; what is the same is folded. Answers with how to close it. */
export function openDiff(host: HTMLElement, { label, before, after, language }: DiffOptions): () => void {
  const root = shadowOf(host);
  const view = new EditorView({
    parent: root,
    root,
    doc: after,
    extensions: [
      looks(label, language),
      TALL,
      EditorState.readOnly.of(true),
      unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: {} }),
    ],
  });
  return () => view.destroy();
}
