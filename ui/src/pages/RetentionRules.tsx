import { useQuery } from "@tanstack/react-query";
import { retentionQuery } from "../api/queries";
import { duration } from "../lib/format";
import { Facts } from "../ui/Facts";
import { Loaded } from "../ui/Loaded";
import { Command, Section } from "../ui/Page";

/** How long ended instances are kept. */
export function RetentionRules() {
  const query = useQuery(retentionQuery());
  return (
    <Section title="Retention">
      <Loaded query={query}>
        {({ rules }) =>
          rules.length === 0 ? (
            <p className="px-4 py-3 text-muted leading-6">
              Ended instances are kept until somebody purges them. Rules for that can stand in the app’s{" "}
              <Command>partita.toml</Command>
            </p>
          ) : (
            <Facts
              facts={Object.fromEntries(
                rules.map(({ statuses, names, keepSeconds }) => [
                  [statuses.join(", "), names.join(", ")].filter(Boolean).join(" of ") || "all",
                  `kept for ${duration(keepSeconds * 1000)}`,
                ]),
              )}
            />
          )
        }
      </Loaded>
    </Section>
  );
}
