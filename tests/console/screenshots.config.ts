import { configuration } from "./e2e/browser.ts";

export default { ...configuration("screenshots.ts"), workers: 1 };
