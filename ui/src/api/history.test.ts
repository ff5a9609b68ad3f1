import { expect, it } from "vitest";
import type { HistoryEvent } from "./client";
import { HistoryStore } from "./history";

function server(total: number, pageLimit = Number.POSITIVE_INFINITY) {
  const asked: [number, number][] = [];
  const fetch = async (from: number, limit: number) => {
    asked.push([from, limit]);
    const size = Math.max(0, Math.min(limit, pageLimit, total - from));
    return Array.from({ length: size }, (_, offset) => ({ index: from + offset }) as HistoryEvent);
  };
  return { asked, fetch };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

it("loads only what is looked at, once", async () => {
  const { asked, fetch } = server(3000);
  const store = new HistoryStore(fetch);
  store.setTotal(3000);
  store.ensure(1400, 1600);
  store.ensure(1400, 1600);
  await settled();
  store.ensure(1400, 1600);
  expect(asked).toEqual([
    [1000, 500],
    [1500, 500],
  ]);
  expect([store.loaded, store.events[1400]?.index, store.events[10]]).toEqual([1000, 1400, undefined]);
});

it("appends what came since", async () => {
  const { asked, fetch } = server(520);
  const store = new HistoryStore(fetch);
  store.setTotal(510);
  store.ensure(500, 510);
  await settled();
  store.setTotal(520);
  store.ensure(500, 520);
  await settled();
  expect(asked).toEqual([[500, 500]]);
  expect(store.events.length).toBe(520);
});

it("loads everything even when pages are short", async () => {
  const { fetch } = server(50, 20);
  const store = new HistoryStore(fetch);
  store.setTotal(50);
  store.loadAll();
  await settled();
  await settled();
  expect([store.complete, store.beginning().length]).toEqual([true, 50]);
});

it("stops at an error until it is told to try again", async () => {
  let broken = true;
  const { fetch } = server(5);
  const store = new HistoryStore(async (from, limit) => {
    if (broken) throw new Error("no");
    return fetch(from, limit);
  });
  store.setTotal(5);
  store.loadAll();
  await settled();
  expect(store.error?.message).toBe("no");
  broken = false;
  store.retry();
  await settled();
  expect(store.complete).toBe(true);
});
