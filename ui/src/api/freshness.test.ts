import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { beforeEach, expect, it, vi } from "vitest";
import { Freshness } from "./freshness";

const SECOND = 1000;
let asked = 0;

/** Shows a query that was just asked, and gives what keeps it fresh. */
async function show(meta: { freshMs?: number; settlesMs?: number }) {
  const client = new QueryClient();
  const observer = new QueryObserver(client, {
    queryKey: ["figures"],
    queryFn: async () => {
      asked += 1;
      return asked;
    },
    meta,
  });
  const hide = observer.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(10);
  expect(asked).toBe(1);
  return { fresh: new Freshness(client), hide };
}

beforeEach(() => {
  asked = 0;
  vi.useFakeTimers();
});

it("asks nothing while nothing happens, and what wishes for nothing never", async () => {
  await show({ freshMs: 2 * SECOND });
  await vi.advanceTimersByTimeAsync(600 * SECOND);
  expect(asked).toBe(1);
  asked = 0;
  const { fresh } = await show({});
  fresh.changed();
  await vi.advanceTimersByTimeAsync(600 * SECOND);
  expect(asked).toBe(1);
});

it("asks at once after a change, then as seldom as was wished for", async () => {
  const { fresh } = await show({ freshMs: 2 * SECOND });
  await vi.advanceTimersByTimeAsync(5 * SECOND);
  for (let change = 0; change < 10; change += 1) {
    fresh.changed();
    await vi.advanceTimersByTimeAsync(SECOND);
  }
  await vi.advanceTimersByTimeAsync(600 * SECOND);
  expect(asked).toBe(1 + 6);
});

it("asks once more when rates have settled", async () => {
  const { fresh } = await show({ freshMs: 2 * SECOND, settlesMs: 60 * SECOND });
  await vi.advanceTimersByTimeAsync(5 * SECOND);
  fresh.changed();
  await vi.advanceTimersByTimeAsync(59 * SECOND);
  expect(asked).toBe(2);
  await vi.advanceTimersByTimeAsync(600 * SECOND);
  expect(asked).toBe(3);
});

it("leaves alone what is not shown any more", async () => {
  const { fresh, hide } = await show({ freshMs: 2 * SECOND });
  fresh.changed();
  hide();
  await vi.advanceTimersByTimeAsync(600 * SECOND);
  expect(asked).toBe(1);
});
