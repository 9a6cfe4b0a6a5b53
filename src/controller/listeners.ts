import type { Log } from '../base/log.js';

/** Those who want to hear of something. One that throws is logged: it takes nothing from the others, nor from who tells. */
export class Listeners<T> {
  readonly #name: string;
  readonly #log: Log;
  readonly #listeners = new Set<(told: T) => void>();

  constructor(name: string, log: Log) {
    this.#name = name;
    this.#log = log;
  }

  add(listener: (told: T) => void): void {
    this.#listeners.add(listener);
  }

  tell(told: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(told);
      } catch (error) {
        this.#log.error({ err: error, listener: this.#name }, 'a listener failed');
      }
    }
  }
}
