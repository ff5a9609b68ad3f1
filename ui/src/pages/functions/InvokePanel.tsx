import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleX, Play } from "lucide-react";
import { type FormEvent, useState } from "react";
import { invokeFunction } from "../../api/catalog";
import type { Invocation } from "../../api/client";
import { readableFailure } from "../../lib/failure";
import { parseJson } from "../../lib/json";
import { shortSeconds } from "../../lib/series";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { JsonEditor } from "../../ui/JsonEditor";
import { ProblemNote } from "../../ui/Loaded";
import { LogLines } from "../../ui/LogLines";
import { Section } from "../../ui/Page";
import { Payload } from "../../ui/Payload";

/** Calls a function once, outside of any instance. */
export function InvokePanel({ name }: { name: string }) {
  const [text, setText] = useState("{}");
  const [seconds, setSeconds] = useState("");
  const payload = parseJson(text);
  const invoke = useMutation({
    mutationFn: () => invokeFunction(name, payload.value, seconds === "" ? undefined : Number(seconds)),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invoke.mutate();
  };
  return (
    <div className="grid items-start gap-4 xl:grid-cols-2">
      <Section title="Invoke">
        <form className="flex flex-col gap-3 p-4" onSubmit={submit}>
          <p className="text-muted">
            It is called once, outside of any instance: nothing is kept, and nothing is tried again.
          </p>
          <JsonEditor label="Payload (JSON)" text={text} onText={setText} problem={payload.problem} />
          <div className="flex flex-wrap items-end gap-3">
            <Field
              label="Time limit in seconds"
              type="number"
              min={1}
              placeholder="30"
              max={300}
              value={seconds}
              onValue={setSeconds}
            />
            <Button type="submit" look="solid" disabled={invoke.isPending || payload.problem !== undefined}>
              <Play aria-hidden className="size-4" />
              {invoke.isPending ? "Running…" : "Invoke"}
            </Button>
          </div>
        </form>
      </Section>
      <div aria-live="polite" className="flex min-w-0 flex-col gap-4">
        {invoke.error && <ProblemNote error={invoke.error} />}
        {invoke.data && <Result invocation={invoke.data} />}
      </div>
    </div>
  );
}

function Result({ invocation: { outcome, output, failure, seconds, logs } }: { invocation: Invocation }) {
  const good = outcome === "succeeded";
  const Icon = good ? CircleCheck : CircleX;
  const readable = failure && readableFailure(failure);
  return (
    <>
      <Section
        title="Result"
        aside={
          <span className={`inline-flex items-center gap-1.5 font-medium ${good ? "text-good" : "text-bad"}`}>
            <Icon aria-hidden className="size-4" />
            {outcome} in {shortSeconds(seconds)}
          </span>
        }
      >
        <div className="flex flex-col gap-2 p-4">
          {readable && (
            <p className="break-words text-bad">
              <b>{readable.errorType}</b>: {readable.message}
            </p>
          )}
          {readable?.stackTrace && (
            <pre className="max-h-72 overflow-auto whitespace-pre-wrap break-all rounded-md bg-raised p-2.5 font-mono text-xs">
              {readable.stackTrace}
            </pre>
          )}
          {good && <Payload value={output} name="output" />}
        </div>
      </Section>
      <LogLines lines={logs} functions={false} />
    </>
  );
}
