import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, type Entity, unwrap } from "../../api/client";
import { entityQuery } from "../../api/queries";
import { count } from "../../lib/format";
import { parseJson } from "../../lib/json";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { JsonEditor } from "../../ui/JsonEditor";
import { Loaded, ProblemNote } from "../../ui/Loaded";
import { useNotice } from "../../ui/Notice";
import { Page, Section } from "../../ui/Page";
import { Payload } from "../../ui/Payload";
import { Time } from "../../ui/Time";

const route = getRouteApi("/entities/$name/$key");

export function EntityPage() {
  const { name, key } = route.useParams();
  const query = useQuery(entityQuery(name, key));
  return (
    <Page
      title={`@${name}@${key}`}
      crumb={
        <Link to="/entities" className="hover:underline">
          Entities
        </Link>
      }
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Loaded query={query}>{(entity) => <EntityState entity={entity} />}</Loaded>
        <Section title="Signal it">
          <SignalForm name={name} entityKey={key} />
        </Section>
      </div>
    </Page>
  );
}

function EntityState({ entity: { state, lock, queueLength, updatedAt } }: { entity: Entity }) {
  return (
    <Section
      title="State"
      aside={
        <span className="text-muted">
          changed <Time at={updatedAt} />, {count(queueLength)} waiting
        </span>
      }
    >
      <div className="flex flex-col gap-3 p-4">
        {lock && (
          <p className="text-wait">
            Locked <Time at={lock.since} /> by{" "}
            <Link to="/instances/$id" params={{ id: lock.instanceId }} className="link break-all underline">
              {lock.instanceId}
            </Link>
          </p>
        )}
        <Payload value={state} name="state" />
      </div>
    </Section>
  );
}

function SignalForm({ name, entityKey }: { name: string; entityKey: string }) {
  const [operation, setOperation] = useState("");
  const [text, setText] = useState("");
  const input = parseJson(text);
  const notify = useNotice();
  const client = useQueryClient();
  const signal = useMutation({
    mutationFn: () => {
      const params = { path: { name, key: entityKey, operation } };
      const body = input.value === undefined ? {} : { body: input.value as never };
      return unwrap(api.POST("/api/v1/entities/{name}/{key}/signals/{operation}", { params, ...body }));
    },
    onSuccess: () => {
      notify(`The operation ${operation} will be run.`);
      void client.invalidateQueries({ queryKey: entityQuery(name, entityKey).queryKey });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signal.mutate();
  };
  return (
    <form className="flex flex-col gap-3 p-4" onSubmit={submit}>
      <Field label="Operation" value={operation} onValue={setOperation} required />
      <JsonEditor label="Input (JSON)" text={text} onText={setText} problem={input.problem} />
      {signal.error && <ProblemNote error={signal.error} />}
      <Button
        type="submit"
        look="solid"
        className="self-start"
        disabled={signal.isPending || input.problem !== undefined}
      >
        Signal
      </Button>
    </form>
  );
}
