import type { Task } from '../base/task-loop.js';
import type { MetadataStore } from '../metadata/store.js';
import { batchRowsMax } from '../model/limits.js';

const expireEveryMs = 60_000;

/** Removes what has lived its time: attempts of dead gateways, finished uploads, REST uploads never completed. */
export class Expiry implements Task {
  readonly name = 'expire rows';
  readonly #store: Pick<MetadataStore, 'write'>;
  readonly #wallMs: () => number;

  constructor(store: Pick<MetadataStore, 'write'>, wallMs: () => number) {
    this.#store = store;
    this.#wallMs = wallMs;
  }

  async work(signal: AbortSignal): Promise<number> {
    for (const name of ['expireAttempts', 'expireFinishedUploads', 'expireRestUploads'] as const) {
      let removed: number = batchRowsMax;
      while (removed === batchRowsMax && !signal.aborted) {
        ({ removed } = await this.#store.write(name, { nowMs: this.#wallMs(), limit: batchRowsMax }));
      }
    }
    return expireEveryMs;
  }
}
