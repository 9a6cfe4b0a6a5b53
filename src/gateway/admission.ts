import type { Clock, Timer } from '../base/clock.js';
import { Refusal } from '../model/refusal.js';

interface Waiter {
  bytes: number;
  admit: () => void;
  timer: Timer;
}

export interface AdmissionLimits {
  /** Requests under way at once. */
  requestsMax: number;
  /** Body bytes that all requests together may hold in memory. */
  bytesMax: number;
  /** Requests that may wait for bytes, and for how long. */
  waitingMax: number;
  waitMs: number;
}

export const admissionLimits: AdmissionLimits = { requestsMax: 1024, bytesMax: 192 * 1024 * 1024, waitingMax: 256, waitMs: 1000 };

/** Keeps overload out of memory: what does not fit is refused early with `slow-down`, which clients repeat later. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clock: Clock;
  #requests = 0;
  #bytes = 0;
  readonly #waiting: Waiter[] = [];

  constructor(limits: AdmissionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get requests(): number {
    return this.#requests;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Call `leave` exactly once for each `enter` that did not throw. */
  enter(): void {
    if (this.#requests >= this.#limits.requestsMax) throw new Refusal('slow-down');
    this.#requests += 1;
  }

  leave(): void {
    this.#requests -= 1;
  }

  /** Null: the bytes are reserved. A promise: they will be, when earlier ones are given back in time. */
  reserve(bytes: number): Promise<void> | null {
    if (this.#waiting.length === 0 && this.#bytes + bytes <= this.#limits.bytesMax) {
      this.#bytes += bytes;
      return null;
    }
    if (this.#waiting.length >= this.#limits.waitingMax) throw new Refusal('slow-down');
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(this.#limits.waitMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(new Refusal('slow-down'));
        this.#admitWaiting();
      });
      const waiter: Waiter = { bytes, admit: resolve, timer };
      this.#waiting.push(waiter);
    });
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
    this.#admitWaiting();
  }

  #admitWaiting(): void {
    for (let first = this.#waiting[0]; first && this.#bytes + first.bytes <= this.#limits.bytesMax; first = this.#waiting[0]) {
      this.#waiting.shift();
      first.timer.cancel();
      this.#bytes += first.bytes;
      first.admit();
    }
  }
}
