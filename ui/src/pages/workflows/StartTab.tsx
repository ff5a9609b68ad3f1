import { useQuery } from "@tanstack/react-query";
import { instanceQuery } from "../../api/queries";
import { asSchema } from "../../lib/schema";
import { Loaded } from "../../ui/Loaded";
import { StartForm } from "./start/StartForm";

interface StartTabProps {
  name: string;
  /** The instance that another one like it is wanted of. */
  from: string | undefined;
  schema: unknown;
}

export function StartTab({ name, from, schema }: StartTabProps) {
  if (from === undefined) return <StartForm name={name} schema={asSchema(schema)} />;
  return <StartLike name={name} id={from} schema={schema} />;
}

/** The form, filled in with what another instance was started with. */
function StartLike({ name, id, schema }: { name: string; id: string; schema: unknown }) {
  const query = useQuery(instanceQuery(id));
  return (
    <Loaded query={query}>
      {({ input, tags, version }) => (
        <StartForm name={name} schema={asSchema(schema)} from={{ id, input, tags, version: version ?? "" }} />
      )}
    </Loaded>
  );
}
