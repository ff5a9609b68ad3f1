import { useQuery } from "@tanstack/react-query";
import { hub, openHub } from "../api/hub";
import { hubsQuery } from "../api/queries";

const DEFAULT = "default";

/** Chooses the task hub; not there when there is only one. */
export function HubSelect() {
  const { data } = useQuery(hubsQuery());
  const names = new Set([...(data?.hubs.map(({ name }) => name) ?? []), ...(hub === undefined ? [] : [hub])]);
  names.delete(DEFAULT);
  if (names.size === 0) return null;
  return (
    <label className="hidden flex-col gap-1 px-2 pb-2 lg:flex">
      <span className="text-muted text-xs">Task hub</span>
      <select
        className="control h-7 w-full px-1.5"
        value={hub ?? DEFAULT}
        onChange={({ target }) => openHub(target.value === DEFAULT ? undefined : target.value)}
      >
        {[DEFAULT, ...names].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}
