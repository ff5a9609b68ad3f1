import type { ComponentProps } from "react";

const LOOKS = {
  plain: "border border-line bg-surface hover:bg-raised",
  solid: "bg-solid text-white hover:brightness-110 shadow-xs",
  danger: "border border-bad/40 bg-surface text-bad hover:bg-bad/10",
  quiet: "text-muted hover:bg-raised hover:text-ink",
} as const;

interface ButtonProps extends ComponentProps<"button"> {
  look?: keyof typeof LOOKS;
}

export function Button({ look = "plain", className = "", type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={`inline-flex h-8 items-center justify-center gap-1.5 whitespace-nowrap rounded-md px-3 font-medium transition-colors disabled:opacity-50 ${LOOKS[look]} ${className}`}
      {...rest}
    />
  );
}
