import cronstrue from "cronstrue";

/** A cron expression in words; as it is written when there are none for it. */
export function cronWords(cron: string): string {
  try {
    return cronstrue.toString(cron, { use24HourTimeFormat: true, verbose: false });
  } catch {
    return cron;
  }
}

const OVERLAPS: Record<string, string> = {
  skip: "nothing is started",
  allow: "another one is started beside it",
  "terminate-previous": "it is terminated, and another one is started",
  "queue-one": "another one is started when it has ended; one at most waits",
};

export function overlapWords(overlap: string): string {
  return OVERLAPS[overlap] ?? overlap;
}

const CATCH_UPS: Record<string, string> = {
  none: "times that were missed are passed over",
  latest: "the latest time that was missed is made up for",
  all: "times that were missed are made up for",
};

export function catchUpWords(catchUp: string): string {
  return CATCH_UPS[catchUp] ?? catchUp;
}
