import { FileUp } from "lucide-react";
import { type DragEvent, useId, useMemo, useState } from "react";
import type { HistoryEvent } from "../../api/client";
import { HistoryStore } from "../../api/history";
import { HistoryContext } from "../../api/useHistory";
import { bytes } from "../../lib/format";
import { Button } from "../../ui/Button";
import { Command, Page } from "../../ui/Page";
import { StatusBadge } from "../../ui/StatusBadge";
import { FailureView } from "./FailureView";
import { instanceOf, MAX_FILE_BYTES, parseHistory } from "./historyFile";
import { InstanceHeader } from "./InstanceHeader";
import { InstanceTabs } from "./InstanceTabs";

interface Opened {
  name: string;
  events: HistoryEvent[];
}

/** An exported history, read in the browser: nothing of it leaves the machine. */
export function HistoryFilePage() {
  const [opened, setOpened] = useState<Opened>();
  const [problem, setProblem] = useState<string>();
  const open = async (file: File | undefined) => {
    if (!file) return;
    try {
      if (file.size > MAX_FILE_BYTES) throw new Error(`${bytes(file.size)} are too much to read in the browser.`);
      setOpened({ name: file.name, events: parseHistory(await file.text()) });
      setProblem(undefined);
    } catch (error) {
      setProblem(`${file.name}: ${error instanceof Error ? error.message : error}`);
    }
  };
  if (opened) return <OpenedFile opened={opened} close={() => setOpened(undefined)} />;
  return (
    <Page title="Open a history file">
      <FileDrop open={(file) => void open(file)} />
      {problem && (
        <p role="alert" className="break-words rounded-md border border-bad/40 p-3 text-bad">
          {problem}
        </p>
      )}
      <p className="text-muted">
        An instance's menu exports its history, as does <Command>partita history ID --output jsonl</Command>.
      </p>
    </Page>
  );
}

function FileDrop({ open }: { open: (file: File | undefined) => void }) {
  const id = useId();
  const [over, setOver] = useState(false);
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    open(event.dataTransfer.files[0]);
  };
  return (
    <label
      htmlFor={id}
      className={`card flex cursor-pointer flex-col items-center gap-2 border-2 border-dashed px-6 py-16 text-center focus-within:outline-2 focus-within:outline-accent ${over ? "border-accent bg-raised" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <FileUp aria-hidden className="size-8 text-muted" />
      <span className="font-medium">Drop an exported history here, or choose a file</span>
      <span className="text-muted">It is read in this tab and sent nowhere.</span>
      <input
        id={id}
        type="file"
        accept=".json,.jsonl,application/json"
        className="sr-only"
        onChange={({ target }) => open(target.files?.[0])}
      />
    </label>
  );
}

function OpenedFile({ opened: { name, events }, close }: { opened: Opened; close: () => void }) {
  const store = useMemo(() => HistoryStore.of(events), [events]);
  const instance = useMemo(() => instanceOf(events, name), [events, name]);
  return (
    <HistoryContext value={store}>
      <Page
        title={instance.id}
        crumb="History file"
        aside={<StatusBadge status={instance.status} />}
        actions={<Button onClick={close}>Open another</Button>}
      >
        <InstanceHeader instance={instance} offline />
        {instance.failure && <FailureView failure={instance.failure} title="Why it failed" />}
        <InstanceTabs instance={instance} />
      </Page>
    </HistoryContext>
  );
}
