import { beforeEach, expect, it, vi } from "vitest";
import { ChangeStream, type Source } from "./changes";

class FakeSource implements Source {
  readyState = 0;
  closed = false;
  readonly listeners = new Map<string, (event: MessageEvent<string>) => void>();
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  send(type: string, data: unknown = null): void {
    this.listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }
}

let opened: FakeSource[] = [];

function newStream(): ChangeStream {
  return new ChangeStream((url) => {
    const source = new FakeSource(url);
    opened.push(source);
    return source;
  });
}

beforeEach(() => {
  opened = [];
  vi.useFakeTimers();
});

it("opens one stream for all that is wished for, and another when that changes", () => {
  const stream = newStream();
  stream.observe(() => {});
  const leaveLists = stream.watchLists(() => {});
  vi.advanceTimersByTime(200);
  leaveLists();
  stream.watchInstance("a b", { onDetail: () => {}, onGone: () => {} });
  vi.advanceTimersByTime(200);
  expect(opened.map(({ url, closed }) => ({ url, closed }))).toEqual([
    { url: "/api/v1/changes?instances=true", closed: true },
    { url: "/api/v1/changes?instance=a+b", closed: false },
  ]);
});

it("is closed while the tab is hidden, and lets lists catch up afterwards", () => {
  const stream = newStream();
  const changes: unknown[] = [];
  stream.watchLists((change) => changes.push(change));
  vi.advanceTimersByTime(200);
  opened[0]?.send("open");
  changes.length = 0;
  stream.setVisible(false);
  vi.advanceTimersByTime(200);
  expect([opened[0]?.closed, stream.state]).toEqual([true, "paused"]);
  stream.setVisible(true);
  vi.advanceTimersByTime(200);
  opened[1]?.send("open");
  expect(changes).toEqual([{ changed: [], removed: [], more: true }]);
  expect(stream.state).toBe("live");
});

it("tries again, less and less often, when it is refused", () => {
  const stream = newStream();
  stream.observe(() => {});
  vi.advanceTimersByTime(200);
  for (const wait of [3000, 6000, 12_000]) {
    const source = opened.at(-1) as FakeSource;
    source.readyState = 2;
    source.send("error");
    expect(stream.state).toBe("reconnecting");
    const before = opened.length;
    vi.advanceTimersByTime(wait - 1);
    expect(opened.length).toBe(before);
    vi.advanceTimersByTime(1);
    expect(opened.length).toBe(before + 1);
  }
});

it("tells the summary and the watched instance", () => {
  const stream = newStream();
  const seen: unknown[] = [];
  stream.watchInstance("x", { onDetail: (detail) => seen.push(detail), onGone: () => seen.push("gone") });
  stream.observe(() => seen.push(stream.summary?.workers));
  vi.advanceTimersByTime(200);
  opened[0]?.send("summary", { workers: 3 });
  opened[0]?.send("instance", { id: "x" });
  opened[0]?.send("gone", { id: "x" });
  expect(seen).toEqual([3, { id: "x" }, "gone"]);
});

it("takes a summary for a change only when more than its time and rates is another", () => {
  const stream = newStream();
  let changes = 0;
  stream.watchChanges(() => {
    changes += 1;
  });
  vi.advanceTimersByTime(200);
  const summary = { at: "1", workers: 1, rates: { started: 1 } };
  opened[0]?.send("summary", summary);
  opened[0]?.send("summary", { ...summary, at: "2", rates: { started: 0 } });
  expect(changes).toBe(0);
  opened[0]?.send("summary", { ...summary, workers: 2 });
  opened[0]?.send("instances", { changed: [], removed: [], more: false });
  expect(changes).toBe(2);
});
