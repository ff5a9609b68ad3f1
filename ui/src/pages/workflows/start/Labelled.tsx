import type { ReactNode } from "react";
import type { PartProps } from "./SchemaField";

type LabelledProps = Pick<PartProps, "id" | "label" | "schema" | "required" | "path" | "problems"> & {
  children: ReactNode;
};

/** A field with its name above it, and what it is and what is wrong below. */
export function Labelled({ id, label, schema, required, path, problems, children }: LabelledProps) {
  const problem = problems.get(path);
  return (
    <div className="flex min-w-0 flex-col gap-1">
      {label && (
        <label htmlFor={id} className="font-medium text-xs">
          {label}
          {!required && <span className="font-normal text-muted"> (optional)</span>}
        </label>
      )}
      {children}
      <div id={`${id}-note`} className="text-xs">
        {problem && <p className="text-bad">{problem}</p>}
        {schema.description && <p className="text-muted">{schema.description}</p>}
      </div>
    </div>
  );
}

/** What ties a control to its label and notes. */
export function control({ id, label, path, problems, required }: PartProps) {
  return {
    id,
    "data-path": path,
    "aria-describedby": `${id}-note`,
    "aria-invalid": problems.has(path),
    "aria-required": required,
    ...(label ? {} : { "aria-label": "Input" }),
  };
}
