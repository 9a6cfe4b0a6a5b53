import type { Log } from '../base/log.js';
import type { Task } from '../base/task-loop.js';
import type { NodeRegistry } from './node-registry.js';
import type { OrderBook } from './order-book.js';

export interface ClearQuarantineParts {
  registry: NodeRegistry;
  orders: OrderBook;
  log: Log;
  retryMs: number;
}

/** Tells nodes whose quarantine a person has cleared to scrub their volume and open it, until they did. */
export class ClearQuarantine implements Task {
  readonly name = 'clear quarantines';
  readonly #parts: ClearQuarantineParts;
  /** Ids of the nodes that have the order: a scrub of a full disk takes hours. */
  readonly #ordered = new Set<string>();

  constructor(parts: ClearQuarantineParts) {
    this.#parts = parts;
  }

  work(signal: AbortSignal): Promise<number> {
    const { registry, orders, log, retryMs } = this.#parts;
    for (const { nodeId, state, condition, cleared } of registry.all()) {
      if (state !== 'quarantined' || condition !== 'quarantined' || !cleared || this.#ordered.has(nodeId)) continue;
      this.#ordered.add(nodeId);
      orders
        .submit(nodeId, { kind: 'clear' }, signal)
        .then((settlement) => log.info({ nodeId, settlement }, 'the order to clear the quarantine has ended'))
        .catch(() => undefined) // this task stops
        .finally(() => this.#ordered.delete(nodeId));
    }
    return Promise.resolve(retryMs);
  }
}
