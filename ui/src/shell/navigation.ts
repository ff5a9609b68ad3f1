import {
  Boxes,
  CalendarClock,
  Cpu,
  Database,
  FileClock,
  House,
  Info,
  List,
  SquareFunction,
  Workflow,
} from "lucide-react";

/** The main pages by group; `key` goes there after `g`. */
export const NAVIGATION = [
  {
    title: "Overview",
    pages: [
      { to: "/", label: "Home", icon: House, key: "h" },
      { to: "/instances", label: "Instances", icon: List, key: "i" },
      { to: "/history-file", label: "History file", icon: FileClock, key: "o" },
    ],
  },
  {
    title: "Definitions",
    pages: [
      { to: "/workflows", label: "Workflows", icon: Workflow, key: "w" },
      { to: "/functions", label: "Functions", icon: SquareFunction, key: "f" },
      { to: "/schedules", label: "Schedules", icon: CalendarClock, key: "s" },
    ],
  },
  {
    title: "Runtime",
    pages: [
      { to: "/workers", label: "Workers", icon: Cpu, key: "r" },
      { to: "/entities", label: "Entities", icon: Boxes, key: "e" },
      { to: "/storage", label: "Storage", icon: Database, key: "d" },
      { to: "/about", label: "About", icon: Info, key: "a" },
    ],
  },
] as const;

export const PAGES = NAVIGATION.flatMap(({ pages }) => [...pages]);
