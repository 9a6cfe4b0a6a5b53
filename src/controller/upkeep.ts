import type { Log } from '../base/log.js';
import { ApiError } from './api-error.js';
import type { ClusterView } from './cluster-view.js';
import type { ControllerMetrics } from './metrics.js';

export const upkeepDelays = {
  /** Nothing to do. */
  idleMs: 60_000,
  /** Something is on its way, or in the way. */
  soonMs: 1000,
};

/** Brings one thing nearer to how it should be; answers after how long to look again. */
export type UpkeepStep = (signal: AbortSignal) => Promise<number>;

export interface UpkeepParts {
  view: ClusterView;
  metrics: ControllerMetrics;
  log: Log;
}

/** What Kubernetes holds for the store, kept as it should be: one step after the other, as long as this process may act. */
export class Upkeep {
  readonly #steps: Readonly<Record<string, UpkeepStep>>;
  readonly #parts: UpkeepParts;

  constructor(steps: Readonly<Record<string, UpkeepStep>>, parts: UpkeepParts) {
    this.#steps = steps;
    this.#parts = parts;
  }

  /** A unit of a task loop. One step that fails takes nothing from the others. */
  async work(signal: AbortSignal): Promise<number> {
    const { view, metrics, log } = this.#parts;
    const { idleMs, soonMs } = upkeepDelays;
    const hindrance = view.hindrance();
    if (hindrance !== null) {
      if (hindrance !== 'not-leader') metrics.countReconcile('upkeep', hindrance);
      return soonMs;
    }
    let delayMs = idleMs;
    for (const [step, run] of Object.entries(this.#steps)) {
      if (view.hindrance() !== null) return soonMs;
      try {
        delayMs = Math.min(delayMs, await run(signal));
        metrics.countReconcile(step, 'done');
      } catch (error) {
        if (signal.aborted) throw error;
        metrics.countReconcile(step, 'failed');
        log.warn({ step, err: error }, 'a step of the upkeep failed, will be tried again');
        delayMs = Math.min(delayMs, error instanceof ApiError ? Math.max(error.retryAfterMs ?? 0, 5 * soonMs) : 5 * soonMs);
      }
    }
    return delayMs;
  }
}
