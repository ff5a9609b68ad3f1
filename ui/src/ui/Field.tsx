import { type ComponentProps, useId } from "react";

interface FieldProps extends Omit<ComponentProps<"input">, "value" | "onChange"> {
  label: string;
  value: string;
  onValue: (value: string) => void;
}

export function Field({ label, value, onValue, ...rest }: FieldProps) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-muted text-xs">
        {label}
      </label>
      <input
        id={id}
        className="control"
        autoComplete="off"
        value={value}
        onChange={(event) => onValue(event.target.value)}
        {...rest}
      />
    </div>
  );
}

interface CheckFieldProps {
  label: string;
  checked: boolean;
  onChecked: (checked: boolean) => void;
}

export function CheckField({ label, checked, onChecked }: CheckFieldProps) {
  return (
    <label className="flex items-start gap-2">
      <input
        type="checkbox"
        className="mt-0.5 size-4 accent-solid"
        checked={checked}
        onChange={(event) => onChecked(event.target.checked)}
      />
      {label}
    </label>
  );
}
