import type { Query, QueryClient } from "@tanstack/react-query";

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: {
      /** The query is asked again when something changes on the server, at most every so many milliseconds. */
      freshMs?: number;
      /** What it says is about a time that ends now: it is asked once more so long after the last change. */
      settlesMs?: number;
    };
  }
}

interface Due {
  at: number;
  /** Not because of another change, but to settle after the last one. */
  settling: boolean;
}

interface Shown {
  query: Query;
  freshMs: number;
  settlesMs: number | undefined;
}

/** Asks the queries that are shown again after changes, none more often than it wishes. */
export class Freshness {
  readonly #client: QueryClient;
  readonly #askedAt = new Map<string, number>();
  readonly #due = new Map<string, Due>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  /** Whatever is shown may know less than the server now. */
  changed(): void {
    const now = Date.now();
    for (const { query, freshMs } of this.#shown()) {
      const asked = Math.max(this.#askedAt.get(query.queryHash) ?? 0, query.state.dataUpdatedAt);
      this.#due.set(query.queryHash, { at: Math.max(now, asked + freshMs), settling: false });
    }
    this.#askDue();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #askDue(): void {
    const now = Date.now();
    const shown = new Map(this.#shown().map((each) => [each.query.queryHash, each]));
    for (const [hash, due] of this.#due) {
      const each = shown.get(hash);
      if (!each) this.#forget(hash);
      else if (due.at <= now) this.#ask(each, due, now);
    }
    clearTimeout(this.#timer);
    if (this.#due.size === 0) return;
    const next = Math.min(...[...this.#due.values()].map(({ at }) => at));
    this.#timer = setTimeout(() => this.#askDue(), next - now);
  }

  #ask({ query, freshMs, settlesMs }: Shown, due: Due, now: number): void {
    const hash = query.queryHash;
    if (query.state.fetchStatus !== "idle") {
      // What is under way may have been read before the change.
      this.#due.set(hash, { ...due, at: now + freshMs });
      return;
    }
    this.#askedAt.set(hash, now);
    if (settlesMs === undefined || due.settling) this.#due.delete(hash);
    else this.#due.set(hash, { at: now + settlesMs, settling: true });
    // An error is kept by the query, and told by whoever shows it.
    void query.fetch().catch(() => {});
  }

  /** When it is shown again, it is asked anyway. */
  #forget(hash: string): void {
    this.#due.delete(hash);
    this.#askedAt.delete(hash);
  }

  #shown(): Shown[] {
    return this.#client
      .getQueryCache()
      .findAll({ type: "active" })
      .flatMap((query) => {
        const wishes = query.observers.map(({ options }) => options.meta ?? {});
        const freshMs = Math.min(...wishes.map((wish) => wish.freshMs ?? Number.POSITIVE_INFINITY));
        const settlesMs = wishes.find((wish) => wish.settlesMs !== undefined)?.settlesMs;
        return Number.isFinite(freshMs) ? [{ query, freshMs, settlesMs }] : [];
      });
  }
}
