import type { InstanceDetail, InstanceSummary, InstancesChange, ServerSummary } from "./client";

/** `paused` while the tab is hidden. */
export type StreamState = "connecting" | "live" | "reconnecting" | "paused";

export interface InstanceWatcher {
  onDetail: (detail: InstanceDetail) => void;
  onGone: () => void;
}

/** What an EventSource offers that is used here, so that tests can stand in for it. */
export interface Source {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const CLOSED = 2;
/** Pages mount and unmount in one go: the stream is opened once for what is wished for in the end. */
const SETTLE_MS = 100;
const RETRY_MS = 3000;
const MAX_RETRY_MS = 60_000;

/** The tab's one stream of changes: it is open while somebody listens and the tab can be seen. */
export class ChangeStream {
  #open: (url: string) => Source;
  #source: Source | undefined;
  #url: string | undefined;
  #state: StreamState = "connecting";
  #summary: ServerSummary | undefined;
  #visible = true;
  #retryMs = RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #observers = new Set<() => void>();
  readonly #lists = new Set<(change: InstancesChange) => void>();
  readonly #changes = new Set<() => void>();
  readonly #watched: { id: string; watcher: InstanceWatcher }[] = [];

  constructor(open: (url: string) => Source) {
    this.#open = open;
  }

  get state(): StreamState {
    return this.#state;
  }

  get summary(): ServerSummary | undefined {
    return this.#summary;
  }

  /** Told of each new summary and state. */
  observe = (observer: () => void): (() => void) => {
    this.#observers.add(observer);
    this.#settle();
    return () => {
      this.#observers.delete(observer);
      this.#settle();
    };
  };

  watchLists(callback: (change: InstancesChange) => void): () => void {
    this.#lists.add(callback);
    this.#settle();
    return () => {
      this.#lists.delete(callback);
      this.#settle();
    };
  }

  /** Told of whatever changes on the server, without saying what. */
  watchChanges(callback: () => void): () => void {
    this.#changes.add(callback);
    this.#settle();
    return () => {
      this.#changes.delete(callback);
      this.#settle();
    };
  }

  /** One instance at a time: the one that was asked for last. */
  watchInstance(id: string, watcher: InstanceWatcher): () => void {
    const entry = { id, watcher };
    this.#watched.push(entry);
    this.#settle();
    return () => {
      this.#watched.splice(this.#watched.indexOf(entry), 1);
      this.#settle();
    };
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
    this.#settle();
  }

  #wishedUrl(): string | undefined {
    const watched = this.#watched.at(-1);
    const instances = this.#lists.size + this.#changes.size > 0;
    const wanted = instances || this.#observers.size > 0 || watched !== undefined;
    if (!wanted || !this.#visible) return undefined;
    const query = new URLSearchParams();
    if (instances) query.set("instances", "true");
    if (watched) query.set("instance", watched.id);
    const text = query.toString();
    return `/api/v1/changes${text && `?${text}`}`;
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#apply(), SETTLE_MS);
  }

  #apply(): void {
    const wished = this.#wishedUrl();
    if (wished === this.#url && this.#source) return;
    this.#source?.close();
    this.#source = undefined;
    this.#url = wished;
    if (wished === undefined) this.#setState(this.#visible ? "connecting" : "paused");
    else this.#connect(wished);
  }

  #connect(url: string): void {
    if (this.#state === "paused") this.#setState("connecting");
    const source = this.#open(url);
    this.#source = source;
    const on = (type: string, take: (data: string) => void) =>
      source.addEventListener(type, (event) => {
        if (this.#source === source) take(event.data);
      });
    on("open", () => this.#opened());
    on("error", () => this.#failed(source));
    on("summary", (data) => {
      const before = this.#summary;
      this.#summary = JSON.parse(data) as ServerSummary;
      this.#tell();
      if (before && !isSame(before, this.#summary)) this.#tellChanges();
    });
    on("instances", (data) => this.#tellLists(JSON.parse(data)));
    on("instance", (data) => this.#watched.at(-1)?.watcher.onDetail(JSON.parse(data)));
    on("gone", (data) => {
      const watched = this.#watched.at(-1);
      if (watched && watched.id === (JSON.parse(data) as InstanceSummary).id) watched.watcher.onGone();
    });
  }

  /** What happened while there was no stream is not told: all is to be asked again. */
  #opened(): void {
    this.#retryMs = RETRY_MS;
    this.#tellLists({ changed: [], removed: [], more: true });
    this.#setState("live");
  }

  /** The browser tries again by itself, except when it was answered with something else than a stream. */
  #failed(source: Source): void {
    this.#setState("reconnecting");
    if (source.readyState !== CLOSED) return;
    this.#source = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#apply(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  #setState(state: StreamState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    for (const observer of this.#observers) observer();
  }

  #tellLists(change: InstancesChange): void {
    for (const callback of this.#lists) callback(change);
    this.#tellChanges();
  }

  #tellChanges(): void {
    for (const callback of this.#changes) callback();
  }
}

/** Summaries come again and again: the time and the rates alone are no change. */
function isSame(before: ServerSummary, after: ServerSummary): boolean {
  const still = ({ at: _at, rates: _rates, ...rest }: ServerSummary) => JSON.stringify(rest);
  return still(before) === still(after);
}
