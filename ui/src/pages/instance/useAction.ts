import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ApiError, type InstanceDetail } from "../../api/client";
import { withHub } from "../../api/hub";
import { instanceKey } from "../../api/queries";
import { useNotice } from "../../ui/Notice";
import { ACTIONS, type ActionInput, type ActionName, type ActionRequest } from "./actions";

async function send({ method, path, body }: ActionRequest): Promise<unknown> {
  const json =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const response = await fetch(withHub(path), { method, ...json });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : undefined;
  if (!response.ok) throw new ApiError(answer);
  return answer;
}

/** Does it, says that it did, and shows the instance that came of it. */
export function useAction(name: ActionName, { id }: InstanceDetail, close: () => void) {
  const notify = useNotice();
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (input: ActionInput) => send(ACTIONS[name].request(id, input)),
    onSuccess: (answer) => {
      notify(ACTIONS[name].done);
      close();
      const started = name === "restart" ? (answer as { id: string }).id : id;
      if (name === "purge") void navigate({ to: "/instances" });
      else if (started !== id) void navigate({ to: "/instances/$id", params: { id: started } });
      else void client.invalidateQueries({ queryKey: instanceKey(id) });
    },
  });
}
