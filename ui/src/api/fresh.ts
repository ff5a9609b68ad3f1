import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Freshness } from "./freshness";
import { watchChanges } from "./live";

/** Keeps what is shown as fresh as its queries' `meta` wish, for the whole tab. */
export function useFreshQueries(): void {
  const client = useQueryClient();
  useEffect(() => {
    const fresh = new Freshness(client);
    const stop = watchChanges(() => fresh.changed());
    return () => {
      stop();
      fresh.close();
    };
  }, [client]);
}
