import type { Filter, InstanceSummary } from "../api/client";

/** Whether an instance passes a filter, as the server decides it. */
export function matches(filter: Filter, instance: InstanceSummary): boolean {
  const { id, name, status, parentId, setAside, tags } = instance;
  return (
    any(filter.status, (each) => each === status) &&
    any(filter.name, (each) => matchesName(each, name)) &&
    (filter.idPrefix === undefined || id.startsWith(filter.idPrefix)) &&
    (filter.idContains === undefined || id.toLowerCase().includes(filter.idContains.toLowerCase())) &&
    Object.entries(filter.tags ?? {}).every(([key, value]) => Object.hasOwn(tags, key) && tags[key] === value) &&
    within(instance.createdAt, filter.createdFrom, filter.createdTo) &&
    within(instance.updatedAt, filter.updatedFrom, filter.updatedTo) &&
    within(instance.completedAt, filter.completedFrom, filter.completedTo) &&
    (filter.parent === undefined || parentId === filter.parent) &&
    (filter.rootsOnly !== true || parentId === null) &&
    (filter.setAside === undefined || setAside === filter.setAside)
  );
}

function any<T>(allowed: readonly T[] | undefined, passes: (each: T) => boolean): boolean {
  return allowed === undefined || allowed.length === 0 || allowed.some(passes);
}

function matchesName(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** From is inclusive, to is not. */
function within(at: string | null, from: string | undefined, to: string | undefined): boolean {
  if (from === undefined && to === undefined) return true;
  if (at === null) return false;
  const time = Date.parse(at);
  return (from === undefined || time >= Date.parse(from)) && (to === undefined || time < Date.parse(to));
}
