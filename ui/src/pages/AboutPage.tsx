import { useQuery } from "@tanstack/react-query";
import { BookOpen } from "lucide-react";
import { configurationQuery } from "../api/catalog";
import { aboutQuery, limitsQuery } from "../api/queries";
import { bytes, count } from "../lib/format";
import { buttonClasses } from "../ui/Button";
import { Facts } from "../ui/Facts";
import { Loaded } from "../ui/Loaded";
import { Command, Page, Section } from "../ui/Page";
import { Time } from "../ui/Time";
import { RetentionRules } from "./RetentionRules";

export function AboutPage() {
  return (
    <Page
      title="About"
      actions={
        <a className={buttonClasses()} href="/api/openapi.json">
          <BookOpen aria-hidden className="size-4" /> API description (OpenAPI)
        </a>
      }
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Server />
          <RetentionRules />
          <Interfaces />
        </div>
        <Limits />
      </div>
      <Settings />
    </Page>
  );
}

function Server() {
  const query = useQuery(aboutQuery());
  return (
    <Section title="Server">
      <Loaded query={query} rows={8}>
        {({ product, version, startedAt, owner, partitions, ready, notReady, store }) => (
          <Facts
            facts={{
              Version: `${product} ${version}`,
              Started: <Time at={startedAt} />,
              Process: <span className="break-all">{owner}</span>,
              Ready: ready ? "yes" : <span className="text-bad">{notReady ?? "no"}</span>,
              Partitions: count(partitions),
              Store: <span className="break-all">{`${store.kind}, ${store.location}`}</span>,
            }}
          />
        )}
      </Loaded>
    </Section>
  );
}

/** `payloadBytes` as “payload”, with its unit beside the value. */
function limitFact([name, value]: [string, number]): readonly [string, string] {
  const words = name.replace(/(Bytes|Chars)$/, "").replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  if (name.endsWith("Bytes")) return [words, bytes(value)];
  return [words, name.endsWith("Chars") ? `${count(value)} characters` : count(value)];
}

function Limits() {
  const query = useQuery(limitsQuery());
  return (
    <Section title="Limits in force">
      <Loaded query={query} rows={12}>
        {(limits) => <Facts facts={Object.fromEntries(Object.entries(limits).map(limitFact))} />}
      </Loaded>
    </Section>
  );
}

const LINKS: readonly (readonly [string, string])[] = [
  ["/api/openapi.json", "All operations, for tools that make clients of it"],
  ["/metrics", "Figures for Prometheus"],
  ["/readyz", "Whether the server takes in work"],
  ["/livez", "Whether the process lives"],
];

function Interfaces() {
  return (
    <Section title="Interfaces">
      <ul className="flex flex-col gap-1.5 px-4 py-3">
        {LINKS.map(([href, what]) => (
          <li key={href} className="flex flex-wrap justify-between gap-x-4">
            <span className="text-muted">{what}</span>
            <a href={href} className="link font-mono text-xs">
              {href}
            </a>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Settings() {
  const query = useQuery(configurationQuery());
  return (
    <Section title="Settings in force" aside={<Command>partita config show</Command>}>
      <Loaded query={query}>
        {({ settings }) => (
          <div className="overflow-x-auto">
            <table className="table">
              <thead>
                <tr>
                  {["Setting", "Value", "From", "What it is for"].map((label) => (
                    <th key={label} scope="col">
                      {label}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {settings.map(({ key, value, origin, help }) => (
                  <tr key={key}>
                    <td className="whitespace-nowrap font-mono text-xs">{key}</td>
                    <td className="min-w-40 break-words font-mono text-xs">{value}</td>
                    <td className="whitespace-nowrap text-muted">{origin}</td>
                    <td className="text-muted">{help}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Section>
  );
}
