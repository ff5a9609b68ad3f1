import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { pauseSchedule, runSchedule } from "../../api/catalog";
import type { Schedule } from "../../api/client";
import { useNotice } from "../../ui/Notice";

/** Pausing, resuming and running a schedule; each says what it did. */
export function useScheduleActions({ name, paused }: Pick<Schedule, "name" | "paused">) {
  const notify = useNotice();
  const navigate = useNavigate();
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ["schedules"] });
  const onError = (error: Error) => notify(error.message);
  const toggle = useMutation({
    mutationFn: () => pauseSchedule(name, !paused),
    onSuccess: () => {
      notify(paused ? `${name} starts instances again.` : `${name} is paused: it starts nothing until it is resumed.`);
      return refresh();
    },
    onError,
  });
  const run = useMutation({
    mutationFn: () => runSchedule(name),
    onSuccess: ({ instance }) => {
      notify(`${name} has started ${instance}.`);
      void refresh();
      void navigate({ to: "/instances/$id", params: { id: instance } });
    },
    onError,
  });
  return { toggle, run };
}
