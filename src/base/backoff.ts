import type { Random } from './random.js';

export interface BackoffLimits {
  firstDelayMs: number;
  maxDelayMs: number;
}

/** Exponential backoff with full jitter in the upper half: delay n lies in [half, whole] of first·2ⁿ, capped. */
export class Backoff {
  #failures = 0;
  readonly #limits: BackoffLimits;
  readonly #random: Random;

  constructor(limits: BackoffLimits, random: Random) {
    this.#limits = limits;
    this.#random = random;
  }

  /** The delay before the next try; call once per failure. */
  nextDelayMs(): number {
    const whole = Math.min(this.#limits.maxDelayMs, this.#limits.firstDelayMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return whole * (0.5 + this.#random.fraction() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}
