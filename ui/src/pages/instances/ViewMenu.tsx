import { Bookmark, BookmarkPlus, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "../../ui/Button";
import { Field } from "../../ui/Field";
import { Menu, MenuItem, MenuLabel, MenuRule } from "../../ui/Menu";
import { Modal } from "../../ui/Modal";
import { COMMON_VIEWS, useViews, type View, type ViewSearch } from "./views";

interface ViewMenuProps {
  search: ViewSearch;
  onView: (search: ViewSearch) => void;
}

/** Views of the list by name. Each is a URL; saved ones are kept in this browser. */
export function ViewMenu({ search, onView }: ViewMenuProps) {
  const { views, save, remove } = useViews();
  const [saving, setSaving] = useState(false);
  return (
    <>
      <Menu
        trigger={
          <Button>
            <Bookmark aria-hidden className="size-4" /> Views
          </Button>
        }
      >
        {COMMON_VIEWS.map((view) => (
          <MenuItem key={view.name} onSelect={() => onView(view.search)}>
            {view.name}
          </MenuItem>
        ))}
        <MenuRule />
        {views.length > 0 && <MenuLabel>Saved in this browser</MenuLabel>}
        {views.map((view) => (
          <MenuItem key={view.name} onSelect={() => onView(view.search)}>
            {view.name}
          </MenuItem>
        ))}
        <MenuItem onSelect={() => setSaving(true)}>
          <BookmarkPlus aria-hidden className="size-4" /> Save this view…
        </MenuItem>
      </Menu>
      {saving && <SaveView views={views} search={search} close={() => setSaving(false)} save={save} remove={remove} />}
    </>
  );
}

interface SaveViewProps {
  views: readonly View[];
  search: ViewSearch;
  close: () => void;
  save: (view: View) => void;
  remove: (name: string) => void;
}

function SaveView({ views, search, close, save, remove }: SaveViewProps) {
  const [name, setName] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save({ name: name.trim(), search });
    close();
  };
  return (
    <Modal
      open
      onOpenChange={close}
      title="Save this view"
      description="Its filter, order and columns get a name in this browser. To share it, share the page’s address."
    >
      <form className="flex items-end gap-2" onSubmit={submit}>
        <div className="flex-1">
          <Field label="Name" value={name} onValue={setName} required />
        </div>
        <Button type="submit" look="solid" disabled={name.trim() === ""}>
          Save
        </Button>
      </form>
      {views.length > 0 && (
        <ul aria-label="Saved views" className="mt-4 divide-y divide-line/60 rounded-md border border-line">
          {views.map((view) => (
            <li key={view.name} className="flex items-center justify-between gap-3 py-1 pr-1 pl-3">
              <span className="truncate">{view.name}</span>
              <button
                type="button"
                aria-label={`Forget ${view.name}`}
                className="rounded p-1.5 text-muted hover:bg-raised hover:text-ink"
                onClick={() => remove(view.name)}
              >
                <Trash2 aria-hidden className="size-4" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </Modal>
  );
}
