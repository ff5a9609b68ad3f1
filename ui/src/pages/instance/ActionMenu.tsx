import { useNavigate } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import type { InstanceDetail } from "../../api/client";
import { hub, withHub } from "../../api/hub";
import { shellQuote } from "../../lib/shell";
import { Button } from "../../ui/Button";
import { Menu, MenuItem, MenuRule } from "../../ui/Menu";
import { useNotice } from "../../ui/Notice";
import { ActionDialog } from "./ActionDialog";
import { ACTION_NAMES, ACTIONS, type ActionName, asCommand, isPossible } from "./actions";

/** Every action that makes sense in the instance's status. */
export function ActionMenu({ instance }: { instance: InstanceDetail }) {
  const [open, setOpen] = useState<ActionName>();
  const possible = ACTION_NAMES.filter((name) => isPossible(name, instance));
  return (
    <>
      {possible.map((name) => (
        <Button key={name} look={ACTIONS[name].destructive ? "danger" : "plain"} onClick={() => setOpen(name)}>
          {ACTIONS[name].label}…
        </Button>
      ))}
      <MoreMenu instance={instance} />
      {open && <ActionDialog action={open} instance={instance} close={() => setOpen(undefined)} />}
    </>
  );
}

function MoreMenu({ instance: { id, name } }: { instance: InstanceDetail }) {
  const notify = useNotice();
  const navigate = useNavigate();
  const address = `/api/v1/instances/${encodeURIComponent(id)}`;
  const copy = (text: string) => void navigator.clipboard.writeText(text).then(() => notify(`Copied: ${text}`));
  const download = (format: string) => {
    const link = document.createElement("a");
    link.href = withHub(`${address}/history/export?format=${format}`);
    link.download = `${id}.history.${format}`;
    link.click();
    notify("The history is being saved as a file.");
  };
  return (
    <Menu
      trigger={
        <Button aria-label="More" className="px-2">
          <Ellipsis aria-hidden className="size-4" />
        </Button>
      }
    >
      <MenuItem
        onSelect={() =>
          void navigate({ to: "/workflows/$name", params: { name }, search: { part: "start", from: id } })
        }
      >
        Start one like this…
      </MenuItem>
      <MenuRule />
      <MenuItem onSelect={() => download("json")}>Export the history (JSON)</MenuItem>
      <MenuItem onSelect={() => download("jsonl")}>Export the history (a line for each event)</MenuItem>
      <MenuRule />
      <MenuItem onSelect={() => copy(id)}>Copy its id</MenuItem>
      <MenuItem onSelect={() => copy(`curl ${shellQuote(location.origin + withHub(address))}`)}>Copy as curl</MenuItem>
      <MenuItem onSelect={() => copy(asCommand({ command: ["show", id] }, location.origin, hub))}>
        Copy as command
      </MenuItem>
    </Menu>
  );
}
