import { execFileSync } from "node:child_process";
import type { PlaywrightTestConfig } from "@playwright/test";

/** The names by which distributions call the browser. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The system's Chromium: the one that Playwright would download is not needed. */
function chromium(): string {
  const told = process.env["CHROMIUM"];
  if (told) {
    return told;
  }
  for (const name of NAMES) {
    try {
      return execFileSync("which", [name], { encoding: "utf8" }).trim();
    } catch {
      // the next one, perhaps
    }
  }
  throw new Error("Chromium is missing: install it (on Debian: apt-get install chromium), or name it in CHROMIUM");
}

/** What all configurations share. */
export function configuration(tests: string): PlaywrightTestConfig {
  return {
    testDir: "e2e",
    testMatch: tests,
    timeout: 90_000,
    expect: { timeout: 20_000 },
    // Two servers and two browsers at a time are enough for two cores.
    workers: 2,
    retries: 0,
    reporter: [["list"]],
    use: {
      viewport: { width: 1440, height: 900 },
      timezoneId: "Europe/Berlin",
      locale: "en-GB",
      trace: "retain-on-failure",
      screenshot: "only-on-failure",
      // A container's root has no sandbox for it; the pages are our own.
      launchOptions: { executablePath: chromium(), args: ["--no-sandbox"] },
    },
  };
}
