import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, unwrap } from "../../../api/client";
import { useNotice } from "../../../ui/Notice";
import { type StartRequest, startBody } from "./commands";

/** Starts an instance, says so, and goes to its page. */
export function useStart(name: string) {
  const notify = useNotice();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (request: StartRequest) =>
      unwrap(api.POST("/api/v1/workflows/{name}/instances", { params: { path: { name } }, body: startBody(request) })),
    onSuccess: ({ id }) => {
      notify(`${name} was started as ${id}.`);
      void navigate({ to: "/instances/$id", params: { id } });
    },
  });
}
