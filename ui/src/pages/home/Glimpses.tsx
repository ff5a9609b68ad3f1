import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { instancesHeadQuery, workersQuery } from "../../api/queries";
import { count } from "../../lib/format";
import { Loaded } from "../../ui/Loaded";
import { Command, Empty, Section } from "../../ui/Page";
import { ShortList } from "../../ui/ShortList";

const GLIMPSE = 10;
const OLDEST = 5;
const UNENDED = "status:running status:pending status:suspended";

export function LastChanges() {
  const query = useQuery(instancesHeadQuery("", "updated", GLIMPSE));
  return (
    <Section
      title="Last changes"
      aside={
        <Link to="/instances" search={{ order: "updated" }} className="link">
          Show all
        </Link>
      }
    >
      <Loaded query={query} rows={GLIMPSE}>
        {({ instances }) => (instances.length === 0 ? <NothingYet /> : <ShortList instances={instances} />)}
      </Loaded>
    </Section>
  );
}

function NothingYet() {
  return (
    <Empty title="Nothing has been started yet.">
      <Link to="/workflows" className="link">
        Choose a workflow
      </Link>{" "}
      and start it, or type <Command>partita start NAME</Command>
    </Empty>
  );
}

/** What goes on for longest may be what is stuck. */
export function LongRunning() {
  const query = useQuery(instancesHeadQuery(UNENDED, "oldest", OLDEST));
  return (
    <Section
      title="Longest running"
      aside={
        <Link to="/instances" search={{ q: UNENDED, order: "oldest" }} className="link">
          Show all
        </Link>
      }
    >
      <Loaded query={query}>
        {({ instances }) =>
          instances.length === 0 ? (
            <p className="px-4 py-3 text-muted">Nothing runs or waits.</p>
          ) : (
            <ShortList instances={instances} time="createdAt" narrow />
          )
        }
      </Loaded>
    </Section>
  );
}

export function WorkerGlimpse() {
  const query = useQuery(workersQuery());
  return (
    <Section
      title="Workers"
      aside={
        <Link to="/workers" className="link">
          Show all
        </Link>
      }
    >
      <Loaded query={query}>
        {({ workers, waitingTotal }) => (
          <ul className="flex flex-col gap-1.5 px-4 py-3">
            {workers.slice(0, OLDEST).map(({ id, kind, callsRunning }) => (
              <li key={id} className="flex justify-between gap-3">
                <span className="truncate">{id}</span>
                <span className="shrink-0 text-muted tabular-nums">
                  {kind}, {count(callsRunning)} {callsRunning === 1 ? "call" : "calls"}
                </span>
              </li>
            ))}
            {workers.length > OLDEST && <li className="text-muted">and {count(workers.length - OLDEST)} more</li>}
            {workers.length === 0 && <li className="text-muted">None is connected.</li>}
            {waitingTotal > 0 && <li className="text-wait">{count(waitingTotal)} wait for a worker</li>}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}
