import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { InstanceDetail, WhyReason } from "../../api/client";
import { whyQuery } from "../../api/queries";
import { count, duration, exactTime } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Loaded } from "../../ui/Loaded";
import { useNow } from "../../ui/Time";
import { ActionDialog } from "./ActionDialog";
import type { ActionName } from "./actions";

const SHOWN = 4;

interface Doing {
  action: ActionName;
  eventName?: string;
}

/** What an unfinished instance waits for, with the next step where there is one. */
export function WhyPanel({ instance }: { instance: InstanceDetail }) {
  const query = useQuery(whyQuery(instance.id, instance.updatedAt));
  const [all, setAll] = useState(false);
  const [doing, setDoing] = useState<Doing>();
  return (
    <section aria-label="Why it waits" className="card flex gap-4 border-l-4 border-l-wait/60 px-4 py-2.5">
      <h2 className="shrink-0 font-medium text-muted">{instance.status === "Suspended" ? "Stopped" : "Waits"}</h2>
      <div className="min-w-0 flex-1">
        <Loaded query={query}>
          {({ reasons }) => (
            <ul className="flex flex-col gap-1">
              {reasons.slice(0, all ? undefined : SHOWN).map((reason) => (
                <Reason key={`${reason.message} ${JSON.stringify(reason.facts)}`} reason={reason} act={setDoing} />
              ))}
              {reasons.length === 0 && <li className="text-muted">It waits for nothing: it is being worked on.</li>}
              {reasons.length > SHOWN && (
                <li>
                  <button type="button" className="link" onClick={() => setAll(!all)}>
                    {all ? "Fewer" : `${count(reasons.length - SHOWN)} more`}
                  </button>
                </li>
              )}
            </ul>
          )}
        </Loaded>
      </div>
      {doing && <ActionDialog {...doing} instance={instance} close={() => setDoing(undefined)} />}
    </section>
  );
}

function Reason({ reason, act }: { reason: WhyReason; act: (doing: Doing) => void }) {
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1">
      <span className="min-w-0 break-words">
        {reason.message}
        <KnownFacts reason={reason} />
      </span>
      <NextStep reason={reason} act={act} />
    </li>
  );
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The time that is waited for, and the instance, when the server names them. */
function KnownFacts({ reason: { facts } }: { reason: WhyReason }) {
  const at = text(facts.fireAt) ?? text(facts.retryAt);
  const instanceId = text(facts.instanceId);
  return (
    <>
      {at && <Until at={at} />}
      {instanceId && (
        <Link to="/instances/$id" params={{ id: instanceId }} className="link ml-2 break-all">
          {instanceId}
        </Link>
      )}
    </>
  );
}

function Until({ at }: { at: string }) {
  const now = useNow();
  const time = new Date(at);
  return (
    <span className="text-muted tabular-nums">
      , {time > now ? `in ${duration(time.getTime() - now.getTime())}` : "now"} (
      <time dateTime={at}>{exactTime(time)}</time>)
    </span>
  );
}

/** What can be done about it from here. */
function NextStep({ reason: { kind, facts }, act }: { reason: WhyReason; act: (doing: Doing) => void }): ReactNode {
  const eventName = text(facts.name);
  if (kind === "event" && eventName) {
    return <Button onClick={() => act({ action: "raise", eventName })}>Raise “{eventName}”…</Button>;
  }
  if (kind === "suspended") return <Button onClick={() => act({ action: "resume" })}>Resume…</Button>;
  if (kind === "setAside") return <Button onClick={() => act({ action: "resume" })}>Try again now…</Button>;
  if (kind === "unclaimed" || (kind === "calling" && facts.offered === false)) {
    return (
      <Link to="/workers" className="link">
        Who offers what
      </Link>
    );
  }
  const entity = /^@([^@]+)@(.*)$/.exec(text(facts.entityId) ?? "");
  if (!entity) return null;
  return (
    <Link to="/entities/$name/$key" params={{ name: entity[1] ?? "", key: entity[2] ?? "" }} className="link">
      Show the entity
    </Link>
  );
}
