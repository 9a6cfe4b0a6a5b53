import type { Clock } from '../base/clock.js';

/** A client that moves less than this, while we wait for it and for nobody else, holds resources for nothing. */
const bytesPerSecondMin = 8 * 1024;
const windowMs = 30_000;

/**
 * How fast a client sends its body or takes its answer. Only time spent waiting for the client counts: a slow disk or an
 * absent master is not its fault.
 */
export class ClientPace {
  readonly #clock: Clock;
  #waitingSinceMs: number | null = null;
  #waitedMs = 0;
  #movedBytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From here on we wait for the client. */
  wait(): void {
    this.#waitingSinceMs = this.#clock.monotonicMs();
  }

  /** The client sent or took so many bytes. */
  moved(bytes: number): void {
    this.#movedBytes += bytes;
    if (this.#waitingSinceMs === null) return;
    this.#waitedMs += this.#clock.monotonicMs() - this.#waitingSinceMs;
    this.#waitingSinceMs = null;
  }

  /** To be asked every now and then: whether the last full window of waiting moved too little. */
  isTooSlow(): boolean {
    const openMs = this.#waitingSinceMs === null ? 0 : this.#clock.monotonicMs() - this.#waitingSinceMs;
    const waitedMs = this.#waitedMs + openMs;
    if (waitedMs < windowMs) return false;
    const isSlow = this.#movedBytes < (bytesPerSecondMin * waitedMs) / 1000;
    this.#waitedMs = -openMs;
    this.#movedBytes = 0;
    return isSlow;
  }
}
