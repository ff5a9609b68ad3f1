import { queryOptions } from "@tanstack/react-query";
import { ApiError, api, unwrap } from "./client";
import { instanceKey } from "./queries";
import type { components } from "./schema";

/** How a state machine's run stands, state by state. */
export type Execution = components["schemas"]["MachineExecution"];
export type StateFigures = components["schemas"]["StateVisits"];
export type StateVisit = components["schemas"]["Visit"];

const NOT_FOUND = 404;

/** Null for what is no state machine. */
export function executionQuery(id: string) {
  return queryOptions<Execution | null>({
    queryKey: [...instanceKey(id), "execution"],
    queryFn: async ({ signal }) => {
      try {
        return await unwrap(api.GET("/api/v1/instances/{id}/execution", { params: { path: { id } }, signal }));
      } catch (error) {
        if (error instanceof ApiError && error.problem.status === NOT_FOUND) return null;
        throw error;
      }
    },
  });
}
