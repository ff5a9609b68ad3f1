import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { InstanceDetail } from "../../api/client";
import { count, duration } from "../../lib/format";
import { preview } from "../../lib/preview";
import { Payload } from "../../ui/Payload";
import { Time, useNow } from "../../ui/Time";

/** The facts of an instance. */
export function InstanceHeader({ instance, offline = false }: { instance: InstanceDetail; offline?: boolean }) {
  const { parent, tags, customStatus, version } = instance;
  return (
    <dl className="card flex flex-wrap gap-x-8 gap-y-2.5 px-4 py-3">
      <Fact label="Workflow">
        {offline ? (
          instance.name
        ) : (
          <Link to="/workflows/$name" params={{ name: instance.name }} className="link break-all">
            {instance.name}
          </Link>
        )}
        {version && <span className="ml-1.5 break-all font-mono text-muted text-xs">{version}</span>}
      </Fact>
      <Fact label="Started">
        <Time at={instance.createdAt} />
      </Fact>
      <Fact label={instance.completedAt ? "Took" : "Runs for"}>
        <Age instance={instance} />
      </Fact>
      <Fact label="Last change">
        <Time at={instance.updatedAt} />
      </Fact>
      {instance.scheduledAt && (
        <Fact label="Begins">
          <Time at={instance.scheduledAt} />
        </Fact>
      )}
      <Fact label="History">
        {count(instance.historyEvents)} events{instance.generation > 0 && `, generation ${instance.generation + 1}`}
      </Fact>
      {parent && (
        <Fact label="Parent">
          <Link to="/instances/$id" params={{ id: parent.instanceId }} className="link break-all">
            {parent.instanceId}
          </Link>
        </Fact>
      )}
      {Object.keys(tags).length > 0 && (
        <Fact label="Tags">
          <Tags tags={tags} offline={offline} />
        </Fact>
      )}
      {customStatus !== null && customStatus !== undefined && (
        <Fact label="Custom status">
          <div data-testid="custom-status">
            <CustomStatus value={customStatus} name={`${instance.id}.status`} />
          </div>
        </Fact>
      )}
    </dl>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-muted text-xs">{label}</dt>
      <dd className="mt-0.5 tabular-nums">{children}</dd>
    </div>
  );
}

const STATUS_CHARS = 100;

/** In a line, or as a tree to open when it is longer. */
function CustomStatus({ value, name }: { value: unknown; name: string }) {
  const line = preview(value, STATUS_CHARS);
  if (line.length < STATUS_CHARS) return <span className="break-all font-mono text-xs">{line}</span>;
  return (
    <details className="max-w-2xl">
      <summary className="truncate font-mono text-xs">{line}</summary>
      <div className="max-h-60 overflow-y-auto">
        <Payload value={value} name={name} />
      </div>
    </details>
  );
}

function Age({ instance: { createdAt, completedAt } }: { instance: InstanceDetail }) {
  const now = useNow().getTime();
  const end = completedAt ? Date.parse(completedAt) : now;
  return duration(Math.max(0, end - Date.parse(createdAt)));
}

const TAG = "break-all rounded-full bg-raised px-2 py-0.5 font-mono text-xs";

/** Each tag leads to the instances that have it. */
function Tags({ tags, offline }: { tags: Record<string, string>; offline: boolean }) {
  return (
    <ul className="flex flex-wrap gap-1">
      {Object.entries(tags).map(([key, value]) => (
        <li key={key}>
          {offline ? (
            <span className={TAG}>
              {key}={value}
            </span>
          ) : (
            <Link
              to="/instances"
              search={{ q: `tag:${key}=${value.includes(" ") ? `"${value}"` : value}` }}
              className={`${TAG} hover:bg-line`}
            >
              {key}={value}
            </Link>
          )}
        </li>
      ))}
    </ul>
  );
}
