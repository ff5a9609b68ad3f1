import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { CircleX, TriangleAlert } from "lucide-react";
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { checkDefinition, workflowQuery } from "../../api/catalog";
import type { Definition, DefinitionProblem } from "../../api/client";
import { StateMachineGraph } from "../../graph/StateMachineGraph";
import { readYaml } from "../../lib/yaml";
import { Button } from "../../ui/Button";
import { CodeEditor } from "../../ui/CodeEditor";
import type { EditorHandle } from "../../ui/codemirror";
import { Section } from "../../ui/Page";
import { SaveDialog } from "./SaveDialog";

const CHECK_AFTER_MS = 350;

/** A state machine's text beside its diagram, which follows what is typed. */
export function DefinitionTab({ name, definition }: { name: string; definition: Definition }) {
  const [base, setBase] = useState(definition);
  const [text, setText] = useState(definition.text);
  const [saving, setSaving] = useState(false);
  const client = useQueryClient();
  const dirty = text !== base.text;
  const changedElsewhere = definition.revision !== base.revision;
  const check = useCheck(name, text, base.format);
  const drawn = useDrawn(text, base.format);

  // Without changes of one's own, the newest is shown.
  useEffect(() => {
    if (!dirty && changedElsewhere) take(definition);
  });
  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm("Leave without saving what was changed?"),
    enableBeforeUnload: dirty,
  });
  const take = (next: Definition) => {
    setBase(next);
    setText(next.text);
  };

  const errors = check.problems.filter(({ severity }) => severity === "error").length;
  return (
    <div className="grid min-h-[34rem] flex-1 gap-4 xl:grid-cols-2">
      <Section
        title={definition.file ?? "Definition"}
        className="flex min-h-[30rem] flex-col"
        aside={
          <>
            <span className="truncate" title={`Revision ${base.revision}`}>
              {definition.editable ? (dirty ? "not saved" : "saved") : "read-only"}
            </span>
            {dirty && (
              <Button look="quiet" small onClick={() => take(definition)}>
                Discard
              </Button>
            )}
            {definition.editable && (
              <Button look="solid" small disabled={!dirty || errors > 0} onClick={() => setSaving(true)}>
                Review and save
              </Button>
            )}
          </>
        }
      >
        {dirty && changedElsewhere && <ChangedElsewhere />}
        <Source
          label={`Definition of ${name}`}
          text={text}
          onText={setText}
          format={base.format}
          readOnly={!definition.editable}
          problems={check.problems}
          checking={check.checking}
        />
      </Section>
      <Section title="Diagram" className="flex min-h-[30rem] flex-col">
        <div className="relative min-h-0 flex-1">
          <div className="absolute inset-0">
            <StateMachineGraph definition={drawn} />
          </div>
        </div>
      </Section>
      {saving && (
        <SaveDialog
          name={name}
          text={text}
          stored={definition}
          close={() => setSaving(false)}
          onSaved={(revision) => {
            setBase({ ...definition, text, revision });
            setSaving(false);
            void client.invalidateQueries({ queryKey: workflowQuery(name).queryKey });
          }}
        />
      )}
    </div>
  );
}

function ChangedElsewhere() {
  return (
    <p role="alert" className="border-line border-b bg-wait/10 px-4 py-2 text-wait">
      The definition was changed elsewhere meanwhile. Saving shows what differs from it; Discard takes it.
    </p>
  );
}

/** The server's word on a text, some time after it was last changed. */
function useCheck(name: string, text: string, format: Definition["format"]) {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, isFetching } = useQuery({
    queryKey: ["definitions", "check", name, format, settled],
    queryFn: ({ signal }) => checkDefinition(name, settled, format, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
    placeholderData: (before) => before,
  });
  return { problems: data?.problems ?? NONE, checking: isFetching || settled !== text };
}

const NONE: DefinitionProblem[] = [];

/** What to draw: while the text is no JSON or YAML, what it last was. */
function useDrawn(text: string, format: Definition["format"]): unknown {
  const deferred = useDeferredValue(text);
  const last = useRef<unknown>(undefined);
  return useMemo(() => {
    try {
      last.current = format === "yaml" ? readYaml(deferred) : JSON.parse(deferred);
    } catch {
      // It is being typed.
    }
    return last.current;
  }, [deferred, format]);
}

interface SourceProps {
  label: string;
  text: string;
  onText: (text: string) => void;
  format: Definition["format"];
  readOnly: boolean;
  problems: DefinitionProblem[];
  checking: boolean;
}

function Source({ label, text, onText, format, readOnly, problems, checking }: SourceProps) {
  const editor = useRef<Pick<EditorHandle, "goTo">>(null);
  const marks = useMemo(
    () => problems.map(({ message, hint, ...at }) => ({ ...at, message: hint ? `${message}\n${hint}` : message })),
    [problems],
  );
  return (
    <>
      <div className="relative min-h-0 flex-1">
        <CodeEditor
          ref={editor}
          label={label}
          text={text}
          onText={onText}
          language={format}
          marks={marks}
          readOnly={readOnly}
          tall
          className="absolute inset-0"
        />
      </div>
      <div className="max-h-40 overflow-y-auto border-line border-t">
        {problems.length === 0 ? (
          <p role="status" className="px-4 py-2 text-muted text-xs">
            {checking ? "Checking…" : "The server finds nothing wrong."}
          </p>
        ) : (
          <ul aria-label="Problems" className="divide-y divide-line/60">
            {problems.map((problem) => (
              <li key={`${problem.line} ${problem.column} ${problem.message}`}>
                <ProblemLine problem={problem} go={() => editor.current?.goTo(problem.line, problem.column)} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function ProblemLine({
  problem: { severity, message, hint, line },
  go,
}: {
  problem: DefinitionProblem;
  go: () => void;
}) {
  const Icon = severity === "error" ? CircleX : TriangleAlert;
  return (
    <button type="button" className="flex w-full items-start gap-2 px-4 py-1.5 text-left hover:bg-raised" onClick={go}>
      <Icon
        aria-label={severity}
        className={`mt-0.5 size-4 shrink-0 ${severity === "error" ? "text-bad" : "text-wait"}`}
      />
      <span className="min-w-0 flex-1 break-words">
        {message} {hint && <span className="text-muted">{hint}</span>}
      </span>
      <span className="shrink-0 text-muted text-xs tabular-nums">line {line}</span>
    </button>
  );
}
