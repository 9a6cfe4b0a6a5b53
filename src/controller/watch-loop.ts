import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { ApiError } from './api-error.js';
import type { ClusterApi, ListOptions, ResourceName, Resources } from './cluster-api.js';
import type { ObjectCache } from './object-cache.js';

export interface WatchLimits {
  /** The longest that a cache goes without a list, however well its stream runs. */
  relistMs: number;
  /** The server sends a bookmark each minute: a stream that is silent for longer is dead, although nothing closed it. */
  silenceMs: number;
  /** The server is asked to end a stream after a time in this range, so that streams spread over its instances again. */
  streamSecondsMin: number;
  streamSecondsMax: number;
  /** Between tries, growing, forever. */
  retry: { firstDelayMs: number; maxDelayMs: number };
  /** A stream that lasted so long has worked: the next try after its end is a quick one again. */
  settledMs: number;
}

export const watchDefaults: WatchLimits = {
  relistMs: 600_000,
  silenceMs: 70_000,
  streamSecondsMin: 240,
  streamSecondsMax: 300,
  retry: { firstDelayMs: 2_000, maxDelayMs: 30_000 },
  settledMs: 5_000,
};

/** A stream that the server should have ended goes on for at most so long. */
const overtimeMs = 10_000;
/** A server that asks for more patience gets so much. */
const retryAfterMsMax = 300_000;

export interface WatchLoopParts {
  api: Pick<ClusterApi, 'list' | 'watch'>;
  clock: Clock;
  random: Random;
  log: Log;
}

/** Since the start, for metrics. */
export interface WatchCounts {
  lists: number;
  streams: number;
  failures: number;
}

/**
 * Keeps a cache like the server, forever: list, watch from the list's version, go on where a stream ended in order, and
 * list again after everything else: a broken or silent stream, a version that is too old, a line that is no event, and
 * every ten minutes. Nothing that the server does or fails to do ends the loop.
 */
export class WatchLoop<R extends ResourceName> {
  readonly counts: WatchCounts = { lists: 0, streams: 0, failures: 0 };
  readonly #resource: R;
  readonly #selection: ListOptions;
  readonly #cache: ObjectCache<Resources[R]>;
  readonly #limits: WatchLimits;
  readonly #parts: WatchLoopParts;
  readonly #backoff: Backoff;
  readonly #abort = new AbortController();
  #done: Promise<void> | null = null;

  constructor(
    options: { resource: R; selection: ListOptions; cache: ObjectCache<Resources[R]>; limits: WatchLimits },
    parts: WatchLoopParts,
  ) {
    this.#resource = options.resource;
    this.#selection = options.selection;
    this.#cache = options.cache;
    this.#limits = options.limits;
    this.#parts = parts;
    this.#backoff = new Backoff(options.limits.retry, parts.random);
  }

  start(): void {
    this.#done ??= this.#run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error(`the watch of ${this.#resource} stops`));
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delayMs = await this.#listAndWatch(signal);
      if (delayMs > 0) await this.#parts.clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }

  /** One list and the streams after it. Answers how long to wait before the next list. */
  async #listAndWatch(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.#parts;
    let streamMs: number | null = null;
    try {
      const list = await this.#parts.api.list(this.#resource, this.#selection, signal);
      this.counts.lists += 1;
      this.#cache.replaceAll(list);
      const relistMs = clock.monotonicMs() + this.#limits.relistMs;
      for (let version = list.resourceVersion; relistMs - clock.monotonicMs() >= this.#limits.settledMs;) {
        streamMs = clock.monotonicMs();
        version = await this.#follow(version, this.#streamSeconds(relistMs - streamMs), signal);
        if (clock.monotonicMs() - streamMs >= this.#limits.settledMs) this.#backoff.reset();
        else await clock.sleep(this.#backoff.nextDelayMs(), signal);
      }
      return 0;
    } catch (error) {
      if (signal.aborted) return 0;
      this.counts.failures += 1;
      const settled = streamMs !== null && clock.monotonicMs() - streamMs >= this.#limits.settledMs;
      const delayMs = this.#delayAfter(error, settled);
      log.warn({ resource: this.#resource, err: error, delayMs: Math.round(delayMs) }, 'the watch failed, will list again');
      return delayMs;
    }
  }

  /** Reads one stream to its end; answers the version to go on from. */
  async #follow(version: string, timeoutSeconds: number, signal: AbortSignal): Promise<string> {
    const { api, clock } = this.#parts;
    const endMs = clock.monotonicMs() + timeoutSeconds * 1000 + overtimeMs;
    const silence = new Silence(this.#limits.silenceMs, clock, signal);
    let reached = version;
    try {
      this.counts.streams += 1;
      for await (const event of api.watch(
        this.#resource,
        { ...this.#selection, resourceVersion: version, timeoutSeconds },
        silence.signal,
      )) {
        silence.broken();
        this.#cache.apply(event);
        reached = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
        if (clock.monotonicMs() > endMs) throw new Error('the server does not end the stream');
      }
    } finally {
      silence.end();
    }
    this.#cache.heard();
    return reached;
  }

  #streamSeconds(remainingMs: number): number {
    const { streamSecondsMin, streamSecondsMax } = this.#limits;
    const jittered = streamSecondsMin + this.#parts.random.fraction() * (streamSecondsMax - streamSecondsMin);
    return Math.ceil(Math.min(jittered, remainingMs / 1000));
  }

  #delayAfter(error: unknown, settled: boolean): number {
    if (settled) this.#backoff.reset();
    // a version grows old in the course of things; a fresh list is all it takes
    if (settled && error instanceof ApiError && error.status === 410) return 0;
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    return Math.min(askedMs, retryAfterMsMax) + this.#backoff.nextDelayMs();
  }
}

/** Aborts its signal when nothing broke it for too long, and when the outer signal does. */
class Silence {
  readonly #limitMs: number;
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #abort = new AbortController();
  readonly #onOuter = (): void => this.#abort.abort(this.#outer.reason);
  #timer;

  constructor(limitMs: number, clock: Clock, outer: AbortSignal) {
    this.#limitMs = limitMs;
    this.#clock = clock;
    this.#outer = outer;
    if (outer.aborted) this.#onOuter();
    outer.addEventListener('abort', this.#onOuter, { once: true });
    this.#timer = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  broken(): void {
    this.#timer.cancel();
    this.#timer = this.#arm();
  }

  end(): void {
    this.#timer.cancel();
    this.#outer.removeEventListener('abort', this.#onOuter);
  }

  #arm(): { cancel(): void } {
    return this.#clock.setTimer(this.#limitMs, () => this.#abort.abort(new Error(`the stream was silent for ${this.#limitMs} ms`)));
  }
}
