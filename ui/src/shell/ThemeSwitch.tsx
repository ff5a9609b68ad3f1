import { Monitor, Moon, Sun } from "lucide-react";
import { THEMES, type Theme, useTheme } from "./theme";

const LOOKS = {
  system: { label: "As the system", icon: Monitor },
  light: { label: "Light", icon: Sun },
  dark: { label: "Dark", icon: Moon },
} as const satisfies Record<Theme, unknown>;

export function ThemeSwitch() {
  const [theme, choose] = useTheme();
  return (
    <fieldset className="flex w-fit shrink-0 gap-0.5 rounded-md bg-raised p-0.5 sm:flex-col lg:flex-row">
      <legend className="sr-only">Theme</legend>
      {THEMES.map((each) => {
        const { label, icon: Icon } = LOOKS[each];
        return (
          <button
            key={each}
            type="button"
            aria-pressed={theme === each}
            aria-label={label}
            title={label}
            className="rounded p-1 text-muted hover:text-ink aria-pressed:bg-surface aria-pressed:text-ink aria-pressed:shadow-xs"
            onClick={() => choose(each)}
          >
            <Icon aria-hidden className="size-3.5" />
          </button>
        );
      })}
    </fieldset>
  );
}
