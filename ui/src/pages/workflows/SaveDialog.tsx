import { useMutation, useQueryClient } from "@tanstack/react-query";
import { saveDefinition, workflowQuery } from "../../api/catalog";
import type { Definition } from "../../api/client";
import { ApiError } from "../../api/client";
import { Button } from "../../ui/Button";
import { DiffView } from "../../ui/CodeEditor";
import { ProblemNote } from "../../ui/Loaded";
import { Modal } from "../../ui/Modal";
import { useNotice } from "../../ui/Notice";

interface SaveDialogProps {
  name: string;
  text: string;
  /** What the server has now. */
  stored: Definition;
  close: () => void;
  onSaved: (revision: string) => void;
}

/** Shows what would change before it does. */
export function SaveDialog({ name, text, stored, close, onSaved }: SaveDialogProps) {
  const notify = useNotice();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => saveDefinition(name, text, stored.revision),
    onSuccess: ({ revision }) => {
      notify(`${name} is saved as revision ${revision}. What runs keeps the one that it began with.`);
      onSaved(revision);
    },
    onError: (error) => {
      if (isConflict(error)) void client.invalidateQueries({ queryKey: workflowQuery(name).queryKey });
    },
  });
  return (
    <Modal
      open
      wide
      onOpenChange={close}
      title={`Save ${name}`}
      description={`${stored.file ?? "The definition"} is written, and new instances run it. Instances that run keep theirs.`}
    >
      <DiffView
        label="What changes"
        before={stored.text}
        after={text}
        language={stored.format}
        className="h-[50vh] rounded-md border border-line"
      />
      {save.error && (
        <ProblemNote
          error={
            isConflict(save.error)
              ? new Error("It was changed elsewhere. What is shown above is now compared with the newest text.")
              : save.error
          }
        />
      )}
      <div className="mt-4 flex justify-end gap-2">
        <Button onClick={close}>Go on editing</Button>
        <Button look="solid" disabled={save.isPending} onClick={() => save.mutate()}>
          {save.isPending ? "Saving…" : "Save"}
        </Button>
      </div>
    </Modal>
  );
}

function isConflict(error: Error): boolean {
  return error instanceof ApiError && error.problem.status === 409;
}
