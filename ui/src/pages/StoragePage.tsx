import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, CircleX, ShieldCheck } from "lucide-react";
import { checkStore, storeQuery } from "../api/catalog";
import type { Store, StoreCheck } from "../api/client";
import { bytes, count } from "../lib/format";
import { shortSeconds } from "../lib/series";
import { Button } from "../ui/Button";
import { Facts } from "../ui/Facts";
import { Loaded, ProblemNote } from "../ui/Loaded";
import { Command, Page, Section } from "../ui/Page";
import { Time } from "../ui/Time";
import { RetentionRules } from "./RetentionRules";

export function StoragePage() {
  const query = useQuery(storeQuery());
  return (
    <Page title="Storage">
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Loaded query={query}>
          {(store) => (
            <>
              <div className="flex min-w-0 flex-col gap-4">
                <Size store={store} />
                <Check last={store.lastCheck} />
              </div>
              <Files store={store} />
            </>
          )}
        </Loaded>
        <RetentionRules />
        <Backups allowed={query.data?.backup.allowed} />
      </div>
    </Page>
  );
}

function Size({ store }: { store: Store }) {
  const { kind, location, diskBytes, unfoldedBytes, instances, partitions } = store;
  return (
    <Section title="Store">
      <Facts
        facts={{
          Kind: kind,
          Location: <span className="break-all font-mono text-xs">{location}</span>,
          "On disk": bytes(diskBytes),
          "Journal not folded in yet": bytes(unfoldedBytes),
          Instances: count(instances),
          Partitions: count(partitions),
        }}
      />
    </Section>
  );
}

/** What is kept of the last check is less than what a check says. */
type Checked = Pick<StoreCheck, "at" | "ok" | "problems"> & Partial<StoreCheck>;

function Check({ last }: { last: Store["lastCheck"] }) {
  const client = useQueryClient();
  const check = useMutation({
    mutationFn: checkStore,
    onSettled: () => client.invalidateQueries({ queryKey: storeQuery().queryKey }),
  });
  const report: Checked | undefined = check.data ?? last;
  return (
    <Section
      title="Check"
      aside={
        <Button small disabled={check.isPending} onClick={() => check.mutate()}>
          <ShieldCheck aria-hidden className="size-4" />
          {check.isPending ? "Checking…" : "Check now"}
        </Button>
      }
    >
      <div aria-live="polite">
        {check.error && <ProblemNote error={check.error} />}
        {report ? (
          <CheckReport report={report} />
        ) : (
          <p className="px-4 py-3 text-muted">
            It has not been checked since the server started. A check reads the store while everything goes on, and
            changes nothing.
          </p>
        )}
      </div>
    </Section>
  );
}

function CheckReport({ report: { at, seconds, ok, checked, problems } }: { report: Checked }) {
  const Icon = ok ? CircleCheck : CircleX;
  return (
    <>
      <p className={`flex items-center gap-1.5 px-4 pt-3 font-medium ${ok ? "text-good" : "text-bad"}`}>
        <Icon aria-hidden className="size-4" />
        {ok ? "Nothing is wrong." : `${count(problems.length)} problems were found.`}
      </p>
      <Facts
        facts={{
          Checked: <Time at={at} />,
          "It took": seconds === undefined ? undefined : shortSeconds(seconds),
          "It read": checked && `${count(checked.instances)} instances, ${count(checked.events)} events`,
          "All of it": checked && (checked.complete ? "yes" : "no: the time was up"),
        }}
      />
      {problems.length > 0 && (
        <ul className="list-disc px-8 pb-3 text-bad">
          {problems.map((problem) => (
            <li key={problem} className="break-words">
              {problem}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Files({ store: { files, diskBytes } }: { store: Store }) {
  return (
    <Section title="Files" aside={`${count(files.length)}, ${bytes(diskBytes)}`}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard. */}
      <div tabIndex={0} className="max-h-96 overflow-y-auto">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" className="number">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {files.map(({ name, bytes: size }) => (
              <tr key={name}>
                <td className="break-all font-mono text-xs">{name}</td>
                <td className="number whitespace-nowrap">{bytes(size)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function Backups({ allowed }: { allowed: boolean | undefined }) {
  return (
    <Section title="Backups">
      <p className="px-4 py-3 text-muted leading-6">
        {allowed === false ? (
          "Backups through the API are not allowed by this server’s configuration. "
        ) : (
          <>
            <Command>partita store backup</Command> copies the store while everything goes on.{" "}
          </>
        )}
        <Command>partita store --help</Command> says what else can be done with stores.
      </p>
    </Section>
  );
}
