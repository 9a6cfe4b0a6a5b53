import { assert } from './assert.js';

/** Thrown by `acquire` when the bounded queue is full. */
class QueueFull extends Error {
  override readonly name = 'QueueFull';
}

/** A bound on concurrent work, with a bound on who may wait for it. First come, first served. */
export class Semaphore {
  #free: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];

  constructor(permits: number, waitingMax: number) {
    assert(permits > 0, 'a semaphore needs a permit');
    this.#free = permits;
    this.#waitingMax = waitingMax;
  }

  /** Resolves with the function that gives the permit back (call it once). Rejects with `QueueFull` at once. */
  async acquire(): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else if (this.#waiting.length >= this.#waitingMax) throw new QueueFull(`${this.#waitingMax} already wait`);
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let held = true;
    return () => {
      assert(held, 'a permit is given back once');
      held = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    };
  }
}
