const MAX_DEPTH = 3;

/** The beginning of a JSON value in one line. It looks at no more of the value than it shows. */
export function preview(value: unknown, max = 120): string {
  const parts: string[] = [];
  let room = max;
  const put = (text: string) => {
    parts.push(text.length > room ? `${text.slice(0, Math.max(0, room))}…` : text);
    room -= text.length;
  };
  const write = (each: unknown, depth: number) => {
    if (room <= 0) return;
    if (Array.isArray(each)) writeAll("[", each.values(), "]", depth, (item) => write(item, depth + 1));
    else if (typeof each === "object" && each !== null) {
      writeAll("{", keysOf(each), "}", depth, (key) => {
        put(`${key}: `);
        write((each as Record<string, unknown>)[key], depth + 1);
      });
    } else put(typeof each === "string" ? JSON.stringify(each.slice(0, room + 1)) : String(each));
  };
  const writeAll = <T>(open: string, items: Iterable<T>, close: string, depth: number, one: (item: T) => void) => {
    put(open);
    let first = true;
    for (const item of items) {
      if (room <= 0) return;
      if (!first) put(", ");
      first = false;
      if (depth < MAX_DEPTH) one(item);
      else {
        put("…");
        break;
      }
    }
    put(close);
  };
  if (value === undefined || value === null) return "";
  if (typeof value === "string") put(value.slice(0, max + 1).replaceAll(/\s+/g, " "));
  else write(value, 0);
  return parts.join("");
}

/** An object's keys, one at a time. */
function* keysOf(value: object): Generator<string> {
  for (const key in value) if (Object.hasOwn(value, key)) yield key;
}
