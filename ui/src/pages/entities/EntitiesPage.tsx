import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Lock } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Entity } from "../../api/client";
import { entitiesQuery } from "../../api/queries";
import { count } from "../../lib/format";
import { ProblemNote } from "../../ui/Loaded";
import { Empty, Page } from "../../ui/Page";
import { SearchInput } from "../../ui/SearchInput";
import { Skeleton } from "../../ui/Skeleton";
import { Time } from "../../ui/Time";

const ROW_PX = 36;
/** Rows before the end at which the next page is asked for. */
const AHEAD = 30;
const COLUMNS = "grid grid-cols-[minmax(8rem,1fr)_minmax(10rem,2fr)_minmax(8rem,1fr)_7rem_7rem] gap-3 px-4";
const route = getRouteApi("/entities");

export function EntitiesPage() {
  const { name = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(entitiesQuery(name));
  const entities = query.data?.pages.flatMap((page) => page.entities);
  return (
    <div className="flex h-full flex-col">
      <Page
        title="Entities"
        actions={
          <SearchInput
            label="Name of entities"
            placeholder="Name, or its beginning and *"
            text={name}
            onText={(text) => void navigate({ search: (was) => ({ ...was, name: text || undefined }), replace: true })}
          />
        }
      >
        {query.error && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
        {!entities && !query.error && <Skeleton rows={8} />}
        {entities?.length === 0 && (
          <div className="card">
            <Empty title={name ? "No entity has this name." : "There are no entities."}>
              An entity is a small object with a durable state. It appears when a workflow calls, signals or locks it.
            </Empty>
          </div>
        )}
        {entities && entities.length > 0 && (
          <EntityList
            entities={entities}
            more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
          />
        )}
      </Page>
    </div>
  );
}

interface EntityListProps {
  entities: readonly Entity[];
  /** Asks for the next page, when there is one that was not asked for. */
  more: (() => void) | undefined;
}

function EntityList({ entities, more }: EntityListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: entities.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= entities.length - AHEAD) more?.();
  }, [last, entities.length, more]);
  return (
    <div className="card overflow-x-auto">
      <div className="min-w-[48rem]">
        <div className={`${COLUMNS} border-line border-b py-2 font-medium text-muted text-xs`}>
          {["Name", "Key", "Lock", "Waiting", "Changed"].map((label) => (
            <span key={label} className="last:text-right">
              {label}
            </span>
          ))}
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard. */}
        <section ref={scroller} aria-label="Entities" tabIndex={0} className="max-h-[70vh] overflow-y-auto">
          <ul className="relative" style={{ height: virtual.getTotalSize() }}>
            {items.map(({ index, start }) => {
              const entity = entities[index];
              return entity && <EntityRow key={entity.id} entity={entity} top={start} />;
            })}
          </ul>
        </section>
        <p className="border-line border-t px-4 py-1.5 text-muted text-xs">{count(entities.length)} loaded</p>
      </div>
    </div>
  );
}

function EntityRow({ entity: { name, key, queueLength, lock, updatedAt }, top }: { entity: Entity; top: number }) {
  return (
    <li
      className="absolute inset-x-0 border-line/60 border-b hover:bg-raised/60"
      style={{ height: ROW_PX, transform: `translateY(${top}px)` }}
    >
      <Link
        to="/entities/$name/$key"
        params={{ name, key }}
        preload={false}
        className={`${COLUMNS} h-full items-center -outline-offset-2`}
      >
        <span className="truncate font-medium">{name}</span>
        <span className="truncate font-mono text-xs">{key}</span>
        <span className="truncate">
          {lock ? (
            <span className="inline-flex items-center gap-1 text-wait">
              <Lock aria-hidden className="size-3.5" /> locked
            </span>
          ) : (
            <span className="text-muted">free</span>
          )}
        </span>
        <span className={`tabular-nums ${queueLength > 0 ? "text-wait" : "text-muted"}`}>{count(queueLength)}</span>
        <span className="text-right text-muted text-xs">
          <Time at={updatedAt} />
        </span>
      </Link>
    </li>
  );
}
