import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import type { InstanceDetail } from "../../api/client";
import { hub } from "../../api/hub";
import { whyQuery } from "../../api/queries";
import { parseJson } from "../../lib/json";
import { Button } from "../../ui/Button";
import { CheckField, Field } from "../../ui/Field";
import { JsonEditor } from "../../ui/JsonEditor";
import { ProblemNote } from "../../ui/Loaded";
import { Modal } from "../../ui/Modal";
import { useNotice } from "../../ui/Notice";
import { ACTIONS, type Action, type ActionInput, type ActionName, asCommand, asCurl } from "./actions";
import { useAction } from "./useAction";

interface ActionDialogProps {
  action: ActionName;
  instance: InstanceDetail;
  eventName?: string;
  close: () => void;
}

/** Says what an action will do, asks for what it needs, does it, and shows what came of it. */
export function ActionDialog({ action: name, instance, eventName = "", close }: ActionDialogProps) {
  const action: Action = ACTIONS[name];
  const [said, setSaid] = useState({ reason: "", eventName, recurse: true, newId: true, edited: false });
  const [payloadText, setPayloadText] = useState("");
  const [inputText, setInputText] = useState(() => JSON.stringify(instance.input ?? null, null, 2));
  const payload = parseJson(payloadText);
  const newInput = parseJson(inputText);
  const run = useAction(name, instance, close);
  const change = (part: Partial<typeof said>) => setSaid((was) => ({ ...was, ...part }));
  const has = (field: keyof ActionInput) => action.fields.includes(field);

  const input: ActionInput = {
    ...said,
    payload: payload.value,
    newInput: said.edited ? { value: newInput.value } : undefined,
  };
  const problem = (has("payload") && payload.problem) || (said.edited && newInput.problem);
  const incomplete = (has("eventName") && said.eventName === "") || Boolean(problem);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate(input);
  };
  return (
    <Modal open onOpenChange={close} title={`${action.label}: ${instance.id}`} description={action.does}>
      <form className="flex flex-col gap-3" onSubmit={submit}>
        {has("eventName") && (
          <EventField instance={instance} value={said.eventName} onValue={(value) => change({ eventName: value })} />
        )}
        {has("payload") && (
          <JsonEditor label="Payload" text={payloadText} onText={setPayloadText} problem={payload.problem} />
        )}
        {has("reason") && (
          <Field label="Reason, for the history" value={said.reason} onValue={(reason) => change({ reason })} />
        )}
        {has("recurse") && (
          <CheckField
            label="Its sub-orchestrations too"
            checked={said.recurse}
            onChecked={(recurse) => change({ recurse })}
          />
        )}
        {has("newInput") && (
          <CheckField
            label="With another input"
            checked={said.edited}
            onChecked={(edited) => change({ edited, newId: edited || said.newId })}
          />
        )}
        {said.edited && <JsonEditor label="Input" text={inputText} onText={setInputText} problem={newInput.problem} />}
        {has("newId") && !said.edited && (
          <CheckField
            label="Under a new id; otherwise it takes the place of this one, whose history is lost"
            checked={said.newId}
            onChecked={(newId) => change({ newId })}
          />
        )}
        {run.error && <ProblemNote error={run.error} />}
        <div className="mt-2 flex flex-wrap items-center justify-end gap-2">
          <CopyAs action={action} id={instance.id} input={input} />
          <Button onClick={close}>Cancel</Button>
          <Button type="submit" look={action.destructive ? "danger" : "solid"} disabled={incomplete || run.isPending}>
            {run.isPending ? "Working…" : action.label}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

interface EventFieldProps {
  instance: InstanceDetail;
  value: string;
  onValue: (value: string) => void;
}

/** The names that the instance waits for are offered. */
function EventField({ instance, value, onValue }: EventFieldProps) {
  const listId = useId();
  const { data } = useQuery(whyQuery(instance.id, instance.updatedAt));
  const awaited = (data?.reasons ?? []).flatMap(({ kind, facts }) => (kind === "event" ? String(facts.name) : []));
  return (
    <>
      <Field label="Event" value={value} onValue={onValue} list={listId} required />
      <datalist id={listId}>
        {awaited.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {awaited.length > 0 && value === "" && (
        <p className="flex flex-wrap items-center gap-1.5 text-muted text-xs">
          It waits for
          {awaited.map((name) => (
            <Button key={name} className="h-6 px-2 text-xs" onClick={() => onValue(name)}>
              {name}
            </Button>
          ))}
        </p>
      )}
    </>
  );
}

/** The same without the console. */
function CopyAs({ action, id, input }: { action: Action; id: string; input: ActionInput }) {
  const notify = useNotice();
  const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => notify(`Copied: ${text}`));
  const request = () => action.request(id, input);
  return (
    <span className="mr-auto flex gap-1">
      <Button look="quiet" className="px-2 text-xs" onClick={() => copy(asCurl(request(), location.origin, hub))}>
        Copy as curl
      </Button>
      {!input.newInput && (
        <Button look="quiet" className="px-2 text-xs" onClick={() => copy(asCommand(request(), location.origin, hub))}>
          Copy as command
        </Button>
      )}
    </span>
  );
}
