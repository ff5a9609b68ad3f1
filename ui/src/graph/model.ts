import type { Point, Size } from "./arrange";

/** How something stands; each look has an icon and words of its own, so that colour is never the only difference. */
export type Look = "idle" | "running" | "succeeded" | "failed" | "caught" | "aborted";

export interface DrawnNode extends Point, Size {
  id: string;
  /** How many groups it lies in. */
  depth: number;
  shape: "card" | "group" | "mark" | "label";
  title: string;
  /** What kind of thing it is: decides its icon. */
  kind: string;
  detail: string;
  /** Undefined when nothing is known of any run. */
  look: Look | undefined;
  /** Durations, attempts and the like. */
  figures: string;
  /** Whether the figures count how many stand how, so that they say the look already. */
  counted: boolean;
  /** Whether the run went elsewhere. */
  muted: boolean;
}

export interface DrawnEdge {
  id: string;
  from: string;
  to: string;
  depth: number;
  points: Point[];
  label: string;
  labelAt: Point | undefined;
  dashed: boolean;
  emphasis: "plain" | "taken" | "muted";
}

export interface Drawing {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
}
