import { readdirSync, readFileSync } from "node:fs";

const FOLDER = "dist/assets/";
const built = readdirSync(FOLDER);

/** A script with all that it imports at once; what is imported when needed does not count. */
function withImports(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(FOLDER + file, "utf8");
  for (const [, imported] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) withImports(imported, found);
  return found;
}

function chunk(name) {
  const file = built.find((each) => each.startsWith(`${name}-`) && each.endsWith(".js"));
  if (!file) throw new Error(`There is no script ${name} in ${FOLDER}.`);
  return file;
}

/** What a browser loads before a page can be used, none of it being there yet. */
function load(name, limit, ...chunks) {
  const files = new Set(["index", ...chunks].flatMap((each) => [...withImports(chunk(each))]));
  return { name, limit, gzip: true, path: [...files].map((file) => FOLDER + file) };
}

export default [
  load("first load: the frame and the home page with its charts", "250 kB", "HomePage", "uplot"),
  load("the list of instances", "250 kB", "InstancesPage"),
  load("an instance", "250 kB", "InstancePage"),
  { name: "styles", path: `${FOLDER}index-*.css`, limit: "20 kB", gzip: true },
];
