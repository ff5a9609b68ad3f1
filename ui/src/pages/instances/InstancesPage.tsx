import { getRouteApi, Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import type { Status } from "../../api/client";
import { isEmptyFilter, parseFilter, withStatuses } from "../../lib/filter";
import { buttonClasses } from "../../ui/Button";
import { Page } from "../../ui/Page";
import { ColumnMenu } from "./ColumnMenu";
import { FilterBar } from "./FilterBar";
import { InstanceList } from "./InstanceList";
import { OperateOnAll, OperateOnSelected } from "./Operate";
import { StatusCounts } from "./StatusCounts";
import { ViewMenu } from "./ViewMenu";
import type { ViewSearch } from "./views";

const route = getRouteApi("/instances");
const NONE: ReadonlySet<string> = new Set();

export function InstancesPage() {
  const search = route.useSearch();
  const { q = "", order = "newest", columns } = search;
  const navigate = route.useNavigate();
  const [selected, setSelected] = useState(NONE);
  const [tags, setTags] = useState<string[]>([]);
  const { filter, problems } = useMemo(() => parseFilter(q, new Date()), [q]);
  const change = (part: ViewSearch) => {
    setSelected(NONE);
    void navigate({ search: (was) => ({ ...was, ...part }) });
  };
  const setText = (text: string) => change({ q: text || undefined });
  const toggle = useCallback((id: string) => {
    setSelected((was) => {
      const next = new Set(was);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const toggleStatus = (status: Status) => {
    const statuses = filter.status ?? [];
    const next = statuses.includes(status) ? statuses.filter((each) => each !== status) : [...statuses, status];
    setText(withStatuses(q, next));
  };

  return (
    <div className="flex h-full min-h-[36rem] flex-col [&>div]:min-h-0 [&>div]:flex-1">
      <Page
        title="Instances"
        actions={
          <>
            <ViewMenu
              search={{ q: search.q, order: search.order, columns }}
              onView={(view) => change({ q: undefined, order: undefined, columns: undefined, ...view })}
            />
            <ColumnMenu keys={columns} tags={tags} onKeys={(keys) => change({ columns: keys })} />
            <OperateOnAll text={q} usable={!isEmptyFilter(filter) && problems.length === 0} />
            <Link to="/workflows" className={buttonClasses({ look: "solid" })}>
              <Play aria-hidden className="size-4" /> Start…
            </Link>
          </>
        }
      >
        <FilterBar
          text={q}
          problems={problems}
          tags={tags}
          order={order}
          onText={setText}
          onOrder={(next) => change({ order: next === "newest" ? undefined : next })}
        />
        <StatusCounts text={q} selected={filter.status ?? []} onToggle={toggleStatus} />
        <OperateOnSelected selected={selected} onSelected={setSelected} />
        <InstanceList
          text={q}
          order={order}
          columns={columns}
          selected={selected}
          onSelected={setSelected}
          toggle={toggle}
          onTags={setTags}
        />
      </Page>
    </div>
  );
}
