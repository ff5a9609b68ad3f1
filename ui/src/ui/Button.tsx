import type { ComponentProps } from "react";

const LOOKS = {
  plain: "border border-line bg-surface hover:bg-raised",
  solid: "bg-solid text-white hover:brightness-110 shadow-xs",
  danger: "border border-bad/40 bg-surface text-bad hover:bg-bad/10",
  quiet: "text-muted hover:bg-raised hover:text-ink",
} as const;

interface Look {
  look?: keyof typeof LOOKS;
  /** For rows of tables and heads of sections. */
  small?: boolean;
}

/** The classes of a button, for links that look like one. */
export function buttonClasses({ look = "plain", small = false }: Look = {}): string {
  const size = small ? "h-7 px-2.5" : "h-8 px-3";
  return `inline-flex ${size} items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-colors disabled:opacity-50 ${LOOKS[look]}`;
}

export function Button({ look, small, className = "", type = "button", ...rest }: ComponentProps<"button"> & Look) {
  const looks = buttonClasses({ ...(look && { look }), ...(small && { small }) });
  return <button type={type} className={`${looks} ${className}`} {...rest} />;
}
