import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { InstancesChange } from "../../api/client";
import { useChangedInstances } from "../../api/live";
import { instancesHeadQuery, instancesQuery, type ListOrder } from "../../api/queries";
import { parseFilter } from "../../lib/filter";
import { matches } from "../../lib/matches";
import { NOTHING_NEW, shownRows, withChange, withHeldShown } from "./liveRows";
import { useThrottled } from "./useThrottled";

/** The rows of a list, kept fresh by the tab's stream; `atTop` says whether new rows may move the others. */
export function useRows(text: string, order: ListOrder, atTop: boolean) {
  const pages = useInfiniteQuery(instancesQuery(text, order));
  // Only asked for when the stream leaves something out.
  const head = useQuery({ ...instancesHeadQuery(text, order), enabled: false, gcTime: 0 });
  const [live, setLive] = useState(NOTHING_NEW);
  const loaded = useMemo(() => pages.data?.pages.flatMap((page) => page.instances) ?? [], [pages.data]);
  const { refetch } = head;
  const again = useThrottled(useCallback(() => void refetch(), [refetch]));

  const take = (change: Pick<InstancesChange, "changed" | "removed">) => {
    // Ages in the filter are counted from now.
    const { filter } = parseFilter(text, new Date());
    const listed = { pages: loaded, passes: (row: Parameters<typeof matches>[1]) => matches(filter, row) };
    setLive((was) => withChange(was, change, { ...listed, growsOnTop: order === "newest" }));
  };
  const latestTake = useRef(take);
  useEffect(() => {
    latestTake.current = take;
  });

  useChangedInstances((change) => {
    take(change);
    if (change.more) again();
  });
  useEffect(() => {
    if (head.data && !head.isPlaceholderData) latestTake.current({ changed: head.data.instances, removed: [] });
  }, [head.data, head.isPlaceholderData]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins without what was new in this one.
  useEffect(() => setLive(NOTHING_NEW), [text, order]);
  const holds = live.held.length > 0;
  useEffect(() => {
    if (atTop && holds) setLive(withHeldShown);
  }, [atTop, holds]);

  const rows = useMemo(() => shownRows(live, loaded), [live, loaded]);
  return {
    ...pages,
    rows,
    held: live.held.length,
    showHeld: () => setLive(withHeldShown),
  };
}
