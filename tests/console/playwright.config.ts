import { configuration } from "./e2e/browser.ts";

export default configuration("**/*.spec.ts");
