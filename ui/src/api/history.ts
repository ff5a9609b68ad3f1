import type { HistoryEvent } from "./client";

const CHUNK = 500;
/** Of a request when everything is asked for. */
const BULK = 4000;
/** Beyond this, what looks at the whole history looks at its beginning. */
export const MAX_EVENTS = 60_000;

type Fetch = (from: number, limit: number) => Promise<HistoryEvent[]>;

/** The events of one generation, as far as they were needed so far: a history only grows. */
export class HistoryStore {
  readonly events: (HistoryEvent | undefined)[] = [];
  error: Error | undefined;
  #fetch: Fetch;
  #total = 0;
  #loaded = 0;
  #version = 0;
  #whole = false;
  readonly #loading = new Set<number>();
  readonly #observers = new Set<() => void>();

  constructor(fetch: Fetch) {
    this.#fetch = fetch;
  }

  /** A history that is all there. */
  static of(events: HistoryEvent[]): HistoryStore {
    const store = new HistoryStore(async () => []);
    store.#put(0, events);
    store.#total = events.length;
    return store;
  }

  get total(): number {
    return this.#total;
  }

  get loaded(): number {
    return this.#loaded;
  }

  get complete(): boolean {
    return this.#loaded >= Math.min(this.#total, MAX_EVENTS);
  }

  get version(): number {
    return this.#version;
  }

  observe = (observer: () => void): (() => void) => {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  };

  /** How many there are on the server. */
  setTotal(total: number): void {
    if (total <= this.#total) return;
    this.#total = total;
    this.#changed();
    if (this.#whole) this.loadAll();
  }

  /** Loads what is missing of these. */
  ensure(from: number, to: number): void {
    for (let start = Math.floor(from / CHUNK) * CHUNK; start < Math.min(to, this.#total); start += CHUNK) {
      const missing = this.#firstMissing(start, Math.min(start + CHUNK, this.#total));
      if (missing !== undefined) void this.#load(start, missing, start + CHUNK - missing);
    }
  }

  /** Loads everything, and what comes later too. */
  loadAll(): void {
    this.#whole = true;
    const missing = this.#firstMissing(0, Math.min(this.#total, MAX_EVENTS));
    if (missing === undefined || this.#loading.has(-1)) return;
    void this.#load(-1, missing, BULK).then((more) => {
      if (more) this.loadAll();
    });
  }

  retry(): void {
    this.error = undefined;
    this.#changed();
    if (this.#whole) this.loadAll();
  }

  /** The events from the first on that are there without a gap. */
  beginning(): HistoryEvent[] {
    const end = this.#firstMissing(0, this.#total) ?? this.#total;
    return this.events.slice(0, end) as HistoryEvent[];
  }

  #firstMissing(from: number, to: number): number | undefined {
    for (let index = from; index < to; index += 1) if (!this.events[index]) return index;
    return undefined;
  }

  async #load(key: number, from: number, limit: number): Promise<boolean> {
    if (this.#loading.has(key) || this.error) return false;
    this.#loading.add(key);
    try {
      const events = await this.#fetch(from, limit);
      this.#put(from, events);
      return events.length > 0;
    } catch (error) {
      this.error = error instanceof Error ? error : new Error(String(error));
      return false;
    } finally {
      this.#loading.delete(key);
      this.#changed();
    }
  }

  #put(from: number, events: HistoryEvent[]): void {
    for (const [offset, event] of events.entries()) {
      if (!this.events[from + offset]) this.#loaded += 1;
      this.events[from + offset] = event;
    }
  }

  #changed(): void {
    this.#version += 1;
    for (const observer of this.#observers) observer();
  }
}
