import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useLiveInstance } from "../../api/live";
import { instanceQuery } from "../../api/queries";
import { Loaded } from "../../ui/Loaded";
import { Page } from "../../ui/Page";
import { StatusBadge } from "../../ui/StatusBadge";
import { ActionMenu } from "./ActionMenu";
import { FailureView } from "./FailureView";
import { InstanceHeader } from "./InstanceHeader";
import { InstanceTabs } from "./InstanceTabs";
import { LiveMark } from "./LiveMark";
import { WhyPanel } from "./WhyPanel";

const route = getRouteApi("/instances/$id");

export function InstancePage() {
  const { id } = route.useParams();
  const live = useLiveInstance(id);
  const query = useQuery(instanceQuery(id));
  const { data } = query;
  return (
    <Page
      title={id}
      crumb={
        <Link to="/instances" className="hover:underline">
          Instances
        </Link>
      }
      aside={
        data && (
          <span className="flex items-center gap-3">
            <span data-testid="status" className="inline-flex">
              <StatusBadge status={data.status} setAside={data.setAside !== null} />
            </span>
            <LiveMark state={live} />
          </span>
        )
      }
      actions={data && live !== "gone" && <ActionMenu instance={data} />}
    >
      {live === "gone" && (
        <p role="alert" className="card border-wait/50 p-3 text-wait">
          It was deleted; this is how it was last.
        </p>
      )}
      <Loaded query={query}>
        {(instance) => (
          <>
            <InstanceHeader instance={instance} />
            {instance.failure && <FailureView failure={instance.failure} title="Why it failed" />}
            {instance.setAside && <FailureView failure={instance.setAside.reason} title="Why it was set aside" />}
            {!instance.completedAt && live !== "gone" && <WhyPanel instance={instance} />}
            <InstanceTabs instance={instance} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
