import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { ClusterApi, KubeEvent } from './cluster-api.js';

/** What an Event is about. */
export type About = KubeEvent['involvedObject'];

export interface Occurrence {
  about: About;
  type: KubeEvent['type'];
  /** One word in upper camel case. */
  reason: string;
  message: string;
}

/** The same about the same object within this time is counted, not written anew. */
const seriesMs = 600_000;
const seriesMax = 256;
/** Events that wait to be written; what comes above is dropped and counted. */
const waitingMax = 100;
/** Events written per minute, so that a flapping cluster does not fill etcd with our words. */
const perMinuteMax = 60;
/** A limit of Kubernetes. */
const messageLengthMax = 1024;
const component = 'aetherstore-controller';

export interface EventsParts {
  api: Pick<ClusterApi, 'create' | 'mergePatch'>;
  clock: Clock;
  log: Log;
  /** Told of each Event: what became of it. */
  onOutcome: (outcome: 'written' | 'counted' | 'dropped' | 'failed') => void;
}

interface Series {
  eventName: string;
  count: number;
  writtenMs: number;
}

/** Writes Events of the core group, one after the other, behind whoever tells of them. They are words for people: a lost one stops nothing. */
export class Events {
  readonly #instance: string;
  readonly #parts: EventsParts;
  readonly #abort = new AbortController();
  /** In the order of their last use. */
  readonly #series = new Map<string, Series>();
  readonly #waiting: Occurrence[] = [];
  #writing: Promise<void> | null = null;
  #minute = { sinceMs: -Infinity, written: 0 };

  constructor(options: { instance: string }, parts: EventsParts) {
    this.#instance = options.instance;
    this.#parts = parts;
  }

  /** Never waits, never throws. */
  tell(occurrence: Occurrence): void {
    if (this.#waiting.length >= waitingMax || !this.#mayWrite()) {
      this.#parts.onOutcome('dropped');
      return;
    }
    this.#waiting.push(occurrence);
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when nothing waits. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async stop(): Promise<void> {
    this.#waiting.length = 0;
    this.#abort.abort(new Error('the controller stops'));
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    const { log, onOutcome } = this.#parts;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        onOutcome(await this.#write(next));
      } catch (error) {
        onOutcome('failed');
        if (!this.#abort.signal.aborted) log.warn({ err: error, reason: next.reason }, 'an Event could not be written');
      }
    }
    this.#writing = null;
  }

  async #write(occurrence: Occurrence): Promise<'written' | 'counted'> {
    const { api, clock } = this.#parts;
    const { about, type, reason } = occurrence;
    const message = occurrence.message.slice(0, messageLengthMax);
    const nowMs = clock.monotonicMs();
    const lastTimestamp = new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z');
    const key = `${about.uid ?? about.name} ${reason}`;
    const known = this.#series.get(key);
    this.#series.delete(key);
    if (known !== undefined && nowMs - known.writtenMs < seriesMs) {
      const series = { ...known, count: known.count + 1, writtenMs: nowMs };
      await api.mergePatch('events', known.eventName, { count: series.count, lastTimestamp, message }, this.#abort.signal);
      this.#series.set(key, series);
      return 'counted';
    }
    const { metadata } = await api.create(
      'events',
      {
        metadata: { generateName: `${about.name.slice(0, 200)}.` },
        involvedObject: about,
        type,
        reason,
        message,
        firstTimestamp: lastTimestamp,
        lastTimestamp,
        count: 1,
        source: { component },
        reportingComponent: component,
        reportingInstance: this.#instance,
      },
      this.#abort.signal,
    );
    this.#series.set(key, { eventName: metadata.name, count: 1, writtenMs: nowMs });
    for (const oldest of this.#series.keys()) {
      if (this.#series.size <= seriesMax) break;
      this.#series.delete(oldest);
    }
    return 'written';
  }

  #mayWrite(): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#minute.sinceMs >= 60_000) this.#minute = { sinceMs: nowMs, written: 0 };
    this.#minute.written += 1;
    return this.#minute.written <= perMinuteMax;
  }
}
