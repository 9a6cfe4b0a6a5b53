import type { Log } from '../base/log.js';
import type { About, Events, Occurrence } from './events.js';
import type { ControllerMetrics } from './metrics.js';

export interface Decision extends Omit<Occurrence, 'about'> {
  /** Each gets an Event. */
  about: readonly About[];
  /** Of the line in the log; else `warn` for a Warning and `info` otherwise. */
  level?: 'error';
  /** For the log: the old, the new, and what led there. */
  facts: Record<string, unknown>;
}

/** Tells of each decision three times: a line in the log, an Event on what it is about, and a count. */
export class Teller {
  readonly #parts: { log: Log; events: Events; metrics: ControllerMetrics };
  readonly #told = new Set<string>();

  constructor(parts: { log: Log; events: Events; metrics: ControllerMetrics }) {
    this.#parts = parts;
  }

  tell({ about, level, facts, type, reason, message }: Decision): void {
    const { log, events, metrics } = this.#parts;
    log[level ?? (type === 'Warning' ? 'warn' : 'info')]({ reason, ...facts }, message);
    metrics.countDecision(reason);
    for (const object of about) events.tell({ about: object, type, reason, message });
  }

  /** For what does not go away by itself: told of once, until it is over. */
  tellOnce(what: string, decision: Decision): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.tell(decision);
  }

  over(what: string): void {
    this.#told.delete(what);
  }
}
