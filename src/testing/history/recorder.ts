import type { Step } from './linearizability.js';

/** What all clients saw, key by key, on one clock. */
export class Recorder {
  readonly #steps = new Map<string, Step[]>();
  readonly violations: string[] = [];
  /** By name of operation. */
  readonly acknowledged: Record<string, number> = {};
  readonly unknown: Record<string, number> = {};
  readonly refused: Record<string, number> = {};
  /** Reads that gave no answer to judge. */
  unreadable = 0;

  nowMs(): number {
    return performance.now();
  }

  add(key: string, step: Step): void {
    const steps = this.#steps.get(key) ?? [];
    this.#steps.set(key, steps);
    steps.push(step);
  }

  count(what: 'acknowledged' | 'unknown' | 'refused', operation: string): void {
    this[what][operation] = (this[what][operation] ?? 0) + 1;
  }

  get acknowledgedCount(): number {
    return Object.values(this.acknowledged).reduce((sum, count) => sum + count, 0);
  }

  keys(): [key: string, steps: readonly Step[]][] {
    return [...this.#steps];
  }
}
