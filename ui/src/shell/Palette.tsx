import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Modal } from "../ui/Modal";
import { type Choice, useChoices } from "./choices";

interface PaletteProps {
  open: boolean;
  close: () => void;
}

export function Palette({ open, close }: PaletteProps) {
  return (
    <Modal
      open={open}
      onOpenChange={close}
      title="Go to"
      description="A page, a workflow, a function, an instance by its id, or something to do."
    >
      <PaletteSearch close={close} />
    </Modal>
  );
}

function PaletteSearch({ close }: { close: () => void }) {
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(0);
  const choices = useChoices(text.trim());
  const current = Math.min(selected, choices.length - 1);

  const take = (choice: Choice | undefined) => {
    if (!choice) return;
    close();
    choice.go();
  };
  const move = (by: number) => setSelected((current + by + choices.length) % choices.length);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter") take(choices[current]);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <input
        className="control h-9 w-full"
        role="combobox"
        aria-label="Go to"
        aria-expanded
        aria-controls="palette-choices"
        aria-activedescendant={`palette-${current}`}
        placeholder="Type a name or an id"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setSelected(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id="palette-choices" role="listbox" aria-label="Choices" className="mt-2 max-h-[50vh] overflow-y-auto">
        {choices.map((choice, index) => (
          <Option
            key={choice.key}
            id={`palette-${index}`}
            choice={choice}
            selected={index === current}
            select={() => setSelected(index)}
            take={() => take(choice)}
          />
        ))}
      </div>
    </>
  );
}

interface OptionProps {
  id: string;
  choice: Choice;
  selected: boolean;
  select: () => void;
  take: () => void;
}

function Option({ id, choice: { label, kind, icon: Icon }, selected, select, take }: OptionProps) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (selected) element.current?.scrollIntoView({ block: "nearest" });
  }, [selected]);
  return (
    <div
      ref={element}
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      className="flex cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-1.5 aria-selected:bg-raised"
      onPointerMove={select}
      onPointerDown={(event) => {
        event.preventDefault();
        take();
      }}
    >
      <Icon aria-hidden className="size-4 shrink-0 text-muted" />
      <span className="truncate">{label}</span>
      <span className="ml-auto shrink-0 text-muted text-xs">{kind}</span>
    </div>
  );
}
