import { Columns3 } from "lucide-react";
import { Button } from "../../ui/Button";
import { Menu, MenuCheck, MenuLabel } from "../../ui/Menu";
import { COLUMNS, chosenColumns, columnKeys } from "./columns";

interface ColumnMenuProps {
  /** As the URL has them. */
  keys: string | undefined;
  /** Tags that there are. */
  tags: readonly string[];
  onKeys: (keys: string | undefined) => void;
}

/** Which columns the list has. */
export function ColumnMenu({ keys, tags, onKeys }: ColumnMenuProps) {
  const chosen = new Set(chosenColumns(keys).map(({ key }) => key));
  const tagKeys = new Set([...tags.map((tag) => `tag:${tag}`), ...[...chosen].filter((key) => key.startsWith("tag:"))]);
  const item = (key: string, label: string) => (
    <MenuCheck
      key={key}
      checked={chosen.has(key)}
      onChecked={(checked) => {
        const next = new Set(chosen);
        if (checked) next.add(key);
        else next.delete(key);
        onKeys(columnKeys(next));
      }}
    >
      {label}
    </MenuCheck>
  );
  return (
    <Menu
      trigger={
        <Button>
          <Columns3 aria-hidden className="size-4" /> Columns
        </Button>
      }
    >
      {COLUMNS.map(({ key, label }) => item(key, label))}
      {tagKeys.size > 0 && <MenuLabel>Tags</MenuLabel>}
      {[...tagKeys].map((key) => item(key, key.slice("tag:".length)))}
    </Menu>
  );
}
