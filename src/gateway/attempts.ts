import type { Attempt } from '../wire/verbs.js';

/**
 * Gives out the attempt ids of this gateway process: a gateway keeps nothing, so each process start has an id of its own
 * and counts from 1. Each one tells the master which earlier ones are over, so that their outcomes can be forgotten.
 */
export class Attempts {
  readonly #gatewayId: string;
  /** In the order they began, so the first is the lowest. */
  readonly #unfinished = new Set<number>();
  #counter = 0;

  constructor(gatewayId: string) {
    this.#gatewayId = gatewayId;
  }

  begin(): Attempt {
    this.#counter += 1;
    this.#unfinished.add(this.#counter);
    const [lowestUnfinished = this.#counter] = this.#unfinished;
    return { gateway: this.#gatewayId, boot: 1, counter: this.#counter, lowestUnfinished };
  }

  /** Answered, refused, or given up: it will not be sent again. */
  finish(attempt: Attempt): void {
    this.#unfinished.delete(attempt.counter);
  }
}
