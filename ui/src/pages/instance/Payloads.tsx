import type { InstanceDetail } from "../../api/client";
import { Section } from "../../ui/Page";
import { Payload } from "../../ui/Payload";
import { FailureView } from "./FailureView";

export function Payloads({ instance: { id, input, output, failure } }: { instance: InstanceDetail }) {
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title="Input">
        <div className="max-h-[70vh] overflow-y-auto p-4">
          <Payload value={input} name={`${id}.input`} />
        </div>
      </Section>
      {failure ? (
        <FailureView failure={failure} title="Error" />
      ) : (
        <Section title="Output">
          <div className="max-h-[70vh] overflow-y-auto p-4">
            <Payload value={output} name={`${id}.output`} />
          </div>
        </Section>
      )}
    </div>
  );
}
