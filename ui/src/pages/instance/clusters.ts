import { outcomeOf, type Step, startOf } from "./steps";

/** Steps that are drawn as one, or one step alone. */
export interface Cluster {
  id: string;
  steps: Step[];
  /** The clusters that led to it. */
  causes: Set<string>;
}

export interface Clustering {
  clusters: Cluster[];
  /** Steps that are not drawn. */
  leftOut: number;
}

export const MAX_NODES = 300;
/** Fewer than this are drawn one by one. */
const MANY = 4;
/** Of a cluster that is opened. */
const MAX_OPENED = 60;
/** Above this, steps of a name are taken together although others lie between them; see `reach`. */
const CROWDED = 60;

/**
 * Steps of the same name that were begun together, or one after the other, are drawn as one unless it was opened.
 * Never more than `MAX_NODES` clusters come out.
 */
export function clustersOf(steps: readonly Step[], opened: ReadonlySet<string>): Clustering {
  const together = unite(steps, steps.length > CROWDED ? 2 : 1);
  const grouped = groupBy(steps, (step) => together(step.index));
  let clusters = grouped.flatMap((group) => split(group, opened));
  if (clusters.length > MAX_NODES) {
    clusters = groupBy(steps, ({ kind, name }) => `${kind} ${name}`).flatMap((group) => split(group, opened));
  }
  const drawn = clusters.slice(0, MAX_NODES);
  connect(drawn, steps);
  const shown = drawn.reduce((sum, cluster) => sum + cluster.steps.length, 0);
  return { clusters: drawn, leftOut: steps.length - shown };
}

export function clusterFigures({ steps }: Cluster) {
  const of = (outcome: string) => steps.filter((step) => outcomeOf(step) === outcome).length;
  return { open: of("open"), failed: of("failed"), done: of("done"), cancelled: of("cancelled") };
}

/** A group as one cluster, or, when it is small or was opened, each of its steps (up to a bound). */
function split(group: readonly Step[], opened: ReadonlySet<string>): Cluster[] {
  const first = group[0];
  if (!first) return [];
  const id = `many-${first.index}`;
  if (group.length >= MANY && !opened.has(id)) return [cluster(id, group)];
  const single = group
    .slice(0, group.length >= MANY ? MAX_OPENED : MANY)
    .map((step) => cluster(`${step.index}`, [step]));
  const rest = group.slice(single.length);
  return rest.length > 0 ? [...single, cluster(`rest-${first.index}`, rest)] : single;
}

function cluster(id: string, steps: readonly Step[]): Cluster {
  return { id, steps: [...steps], causes: new Set() };
}

/** Edges between clusters; only forwards, so that waves of two clusters do not run in circles. */
function connect(clusters: readonly Cluster[], steps: readonly Step[]): void {
  const home = new Map(clusters.flatMap((each) => each.steps.map((step) => [step.index, each] as const)));
  const byIndex = new Map(steps.map((step) => [step.index, step]));
  for (const target of clusters) {
    for (const step of target.steps) {
      for (const cause of step.causes) {
        const source = home.get(cause);
        if (source && source !== target && began(source, byIndex) <= began(target, byIndex))
          target.causes.add(source.id);
      }
    }
  }
}

function began({ steps }: Cluster, byIndex: ReadonlyMap<number, Step>): number {
  const first = steps[0] && byIndex.get(steps[0].index);
  return first ? startOf(first) : 0;
}

function groupBy(steps: readonly Step[], keyOf: (step: Step) => string | number): Step[][] {
  const groups = new Map<string | number, Step[]>();
  for (const step of steps) {
    const key = keyOf(step);
    const group = groups.get(key);
    if (group) group.push(step);
    else groups.set(key, [step]);
  }
  return [...groups.values()];
}

/**
 * Which steps belong together: those of a name with the same causes, and, within `reach` steps, those that led to each
 * other. Answers with a representative for each step.
 */
function unite(steps: readonly Step[], reach: number): (index: number) => number {
  const parent = new Map(steps.map(({ index }) => [index, index]));
  const byIndex = new Map(steps.map((step) => [step.index, step]));
  const siblings = new Map<string, number>();
  const find = (index: number): number => {
    let at = index;
    for (let up = parent.get(at) ?? at; up !== at; up = parent.get(at) ?? at) {
      parent.set(at, parent.get(up) ?? up);
      at = up;
    }
    return at;
  };
  const join = (a: number, b: number) => {
    const [low, high] = [find(a), find(b)].sort((x, y) => x - y) as [number, number];
    parent.set(high, low);
  };
  for (const step of steps) {
    const key = `${step.kind} ${step.name} ${step.causes.slice(0, 8).join(",")}/${step.causes.length}`;
    const sibling = siblings.get(key);
    if (sibling === undefined) siblings.set(key, step.index);
    else join(sibling, step.index);
    const like = ancestorLike(step, byIndex, reach);
    if (like !== undefined) join(like, step.index);
  }
  return find;
}

function ancestorLike(step: Step, byIndex: ReadonlyMap<number, Step>, reach: number): number | undefined {
  let causes: readonly number[] = step.causes;
  for (let distance = 0; distance < reach; distance += 1) {
    const before: Step[] = causes.slice(0, 20).flatMap((cause) => byIndex.get(cause) ?? []);
    const like = before.find(({ kind, name }) => kind === step.kind && name === step.name);
    if (like) return like.index;
    causes = before.flatMap((each) => each.causes.slice(0, 4));
  }
  return undefined;
}
