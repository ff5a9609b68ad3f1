import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from "@tanstack/react-router";
import type { ListOrder } from "./api/queries";
import { viewSearch } from "./pages/instance/view";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";
import { ProblemNote } from "./ui/Loaded";

const WORKFLOW_TABS = ["runs", "definition", "start"] as const;
export type WorkflowTab = (typeof WORKFLOW_TABS)[number];

const FUNCTION_TABS = ["calls", "invoke", "logs"] as const;
export type FunctionTab = (typeof FUNCTION_TABS)[number];

const ORDERS: readonly ListOrder[] = ["newest", "oldest", "updated", "id"];

/** Left out of the URL when empty. */
function text(value: unknown): string | undefined {
  return value === undefined || value === "" ? undefined : String(value);
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T | undefined {
  return allowed.find((each) => each === value);
}

const rootRoute = createRootRoute({
  validateSearch: (search: Record<string, unknown>): { hub?: string | undefined } => ({ hub: text(search.hub) }),
  search: { middlewares: [retainSearchParams(["hub"])] },
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: ({ error }) => <ProblemNote error={error instanceof Error ? error : new Error(String(error))} />,
});

const home = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/home/HomePage"), "HomePage"),
});

const instances = createRoute({
  getParentRoute: () => rootRoute,
  path: "/instances",
  validateSearch: (
    search: Record<string, unknown>,
  ): { q?: string | undefined; order?: ListOrder | undefined; columns?: string | undefined } => ({
    q: text(search.q),
    order: oneOf(ORDERS, search.order),
    columns: text(search.columns),
  }),
  component: lazyRouteComponent(() => import("./pages/instances/InstancesPage"), "InstancesPage"),
});

const instance = createRoute({
  getParentRoute: () => rootRoute,
  path: "/instances/$id",
  validateSearch: viewSearch,
  component: lazyRouteComponent(() => import("./pages/instance/InstancePage"), "InstancePage"),
});

const historyFile = createRoute({
  getParentRoute: () => rootRoute,
  path: "/history-file",
  validateSearch: viewSearch,
  component: lazyRouteComponent(() => import("./pages/instance/HistoryFilePage"), "HistoryFilePage"),
});

const workflows = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows",
  component: lazyRouteComponent(() => import("./pages/workflows/WorkflowsPage"), "WorkflowsPage"),
});

const workflow = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workflows/$name",
  validateSearch: (search: Record<string, unknown>): { part?: WorkflowTab | undefined; from?: string | undefined } => ({
    part: oneOf(WORKFLOW_TABS, search.part),
    from: text(search.from),
  }),
  component: lazyRouteComponent(() => import("./pages/workflows/WorkflowPage"), "WorkflowPage"),
});

const functions = createRoute({
  getParentRoute: () => rootRoute,
  path: "/functions",
  component: lazyRouteComponent(() => import("./pages/functions/FunctionsPage"), "FunctionsPage"),
});

const functionPage = createRoute({
  getParentRoute: () => rootRoute,
  path: "/functions/$name",
  validateSearch: (search: Record<string, unknown>): { part?: FunctionTab | undefined } => ({
    part: oneOf(FUNCTION_TABS, search.part),
  }),
  component: lazyRouteComponent(() => import("./pages/functions/FunctionPage"), "FunctionPage"),
});

const schedules = createRoute({
  getParentRoute: () => rootRoute,
  path: "/schedules",
  component: lazyRouteComponent(() => import("./pages/schedules/SchedulesPage"), "SchedulesPage"),
});

const schedule = createRoute({
  getParentRoute: () => rootRoute,
  path: "/schedules/$name",
  component: lazyRouteComponent(() => import("./pages/schedules/SchedulePage"), "SchedulePage"),
});

const workers = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workers",
  component: lazyRouteComponent(() => import("./pages/WorkersPage"), "WorkersPage"),
});

const entities = createRoute({
  getParentRoute: () => rootRoute,
  path: "/entities",
  validateSearch: (search: Record<string, unknown>): { name?: string | undefined } => ({ name: text(search.name) }),
  component: lazyRouteComponent(() => import("./pages/entities/EntitiesPage"), "EntitiesPage"),
});

const entity = createRoute({
  getParentRoute: () => rootRoute,
  path: "/entities/$name/$key",
  component: lazyRouteComponent(() => import("./pages/entities/EntityPage"), "EntityPage"),
});

const storage = createRoute({
  getParentRoute: () => rootRoute,
  path: "/storage",
  component: lazyRouteComponent(() => import("./pages/StoragePage"), "StoragePage"),
});

const about = createRoute({
  getParentRoute: () => rootRoute,
  path: "/about",
  component: lazyRouteComponent(() => import("./pages/AboutPage"), "AboutPage"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    home,
    instances,
    instance,
    historyFile,
    workflows,
    workflow,
    functions,
    functionPage,
    schedules,
    schedule,
    workers,
    entities,
    entity,
    storage,
    about,
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
