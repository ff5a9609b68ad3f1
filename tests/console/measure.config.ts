import { configuration } from "./e2e/browser.ts";

export default { ...configuration("measure.ts"), workers: 1, timeout: 300_000 };
