import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, Keyboard, Search } from "lucide-react";
import { useFreshQueries } from "../api/fresh";
import { useStreamState } from "../api/live";
import { aboutQuery } from "../api/queries";
import { HubSelect } from "./HubSelect";
import { KeysHelp, useShellKeys } from "./Keys";
import { NAVIGATION } from "./navigation";
import { Palette } from "./Palette";
import { ThemeSwitch } from "./ThemeSwitch";

const MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function Shell() {
  useFreshQueries();
  const { shown, show } = useShellKeys();
  return (
    <div className="flex h-dvh flex-col sm:flex-row">
      <a href="#main" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-surface focus:p-2">
        Skip to content
      </a>
      <nav
        aria-label="Main"
        className="flex shrink-0 items-center gap-0.5 overflow-x-auto border-line border-b bg-surface p-1.5 sm:w-13 sm:flex-col sm:items-stretch sm:overflow-x-hidden sm:border-r sm:border-b-0 sm:py-3 lg:w-52 lg:px-2.5"
      >
        <Brand />
        <HubSelect />
        <button
          type="button"
          className="mb-1 hidden h-8 items-center gap-2 rounded-md border border-line px-2 text-muted hover:bg-raised hover:text-ink sm:flex"
          aria-label="Go to"
          title="Go to a page, a workflow, an instance, or do something"
          onClick={() => show("palette")}
        >
          <Search aria-hidden className="mx-auto size-4 shrink-0 lg:mx-0" />
          <span className="hidden flex-1 text-left lg:block">Go to…</span>
          <kbd className="hidden font-sans text-xs lg:block">{MAC ? "⌘ K" : "Ctrl K"}</kbd>
        </button>
        {NAVIGATION.map(({ title, pages }) => (
          <div
            key={title}
            className="flex gap-0.5 sm:flex-col sm:border-line sm:border-t sm:py-1.5 lg:border-0 lg:pt-2.5"
          >
            <p className="hidden px-2 pb-1 font-medium text-muted text-xs lg:block">{title}</p>
            {pages.map(({ to, label, icon: Icon }) => (
              <Link
                key={to}
                to={to}
                title={label}
                activeOptions={{ exact: to === "/", includeSearch: false }}
                className="flex h-8 items-center gap-2.5 rounded-md px-2 text-muted hover:bg-raised hover:text-ink"
                activeProps={{ className: "bg-accent/10 font-medium text-accent! hover:bg-accent/10" }}
              >
                <Icon aria-hidden className="mx-auto size-4 shrink-0 lg:mx-0" />
                <span className="sr-only flex-1 lg:not-sr-only">{label}</span>
              </Link>
            ))}
          </div>
        ))}
        <div className="flex shrink-0 items-center gap-1 sm:mt-auto sm:flex-col lg:items-stretch lg:gap-2">
          <Connection />
          <div className="flex items-center justify-between gap-1 sm:flex-col lg:flex-row">
            <ThemeSwitch />
            <button
              type="button"
              aria-label="Keyboard shortcuts"
              title="Keyboard shortcuts ( ? )"
              className="rounded p-1.5 text-muted hover:bg-raised hover:text-ink"
              onClick={() => show("keys")}
            >
              <Keyboard aria-hidden className="size-4" />
            </button>
          </div>
        </div>
      </nav>
      <main id="main" tabIndex={-1} className="min-h-0 min-w-0 flex-1 overflow-y-auto outline-none">
        <Outlet />
      </main>
      <Palette open={shown === "palette"} close={() => show(undefined)} />
      <KeysHelp open={shown === "keys"} close={() => show(undefined)} />
    </div>
  );
}

function Brand() {
  return (
    <span className="flex items-center gap-2 px-1.5 font-semibold text-base sm:mb-2.5">
      <img src="/favicon.svg" alt="" className="size-6 shrink-0" />
      <span className="sr-only lg:not-sr-only">Partita</span>
    </span>
  );
}

/** Says in words when the server cannot be worked with; else, its version. */
function Connection() {
  const { data, error } = useQuery(aboutQuery());
  const lost = useStreamState() === "reconnecting";
  const trouble = lost || error ? "not reachable" : data && !data.ready ? (data.notReady ?? "not ready") : undefined;
  const text = trouble ? `Server: ${trouble}` : data ? `Server ${data.version}` : "Connecting…";
  const Icon = trouble ? CircleAlert : CircleCheck;
  return (
    <p
      role="status"
      title={text}
      className={`flex items-center gap-1.5 px-1.5 text-xs ${trouble ? "text-bad" : "text-muted"}`}
    >
      <Icon aria-hidden className={`size-3.5 shrink-0 ${trouble ? "" : "text-good"}`} />
      <span className="sr-only lg:not-sr-only">{text}</span>
    </p>
  );
}
