import {
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { useChangedInstances, useStreamState } from "./live";

/** How often at most something is asked for again because instances change. */
const AGAIN_MS = 2500;

/** Runs the action at once, then at most every so often. */
export function useThrottled(action: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const wanted = useRef(false);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(() => {
    if (timer.current !== undefined) {
      wanted.current = true;
      return;
    }
    const run = () => {
      wanted.current = false;
      action();
      timer.current = setTimeout(() => {
        timer.current = undefined;
        if (wanted.current) run();
      }, AGAIN_MS);
    };
    run();
  }, [action]);
}

/** A query of instances: asked again when the stream says that some changed, by the clock only without a stream. */
export function useFreshQuery<T, K extends QueryKey>(options: UseQueryOptions<T, Error, T, K>): UseQueryResult<T> {
  const streamed = useStreamState() === "live";
  const client = useQueryClient();
  const key = JSON.stringify(options.queryKey);
  const again = useThrottled(
    useCallback(() => void client.refetchQueries({ queryKey: JSON.parse(key) as QueryKey }), [client, key]),
  );
  useChangedInstances(again);
  return useQuery({ ...options, ...(streamed && { refetchInterval: false }) });
}
