import type { Log } from '../base/log.js';
import type { Task } from '../base/task-loop.js';
import type { MetadataStore } from '../metadata/store.js';
import { batchRowsMax } from '../model/limits.js';
import { isAlive } from '../model/node-state.js';
import type { KnownNode, NodeRegistry } from './node-registry.js';
import type { OrderBook } from './order-book.js';

export interface GarbageParts {
  store: Pick<MetadataStore, 'read' | 'write'>;
  registry: NodeRegistry;
  orders: OrderBook;
  wallMs: () => number;
  log: Log;
  deleteGraceMs: number;
  /** Between two rounds when there is nothing more to do. */
  roundMs: number;
}

/**
 * What clients deleted leaves the disks: released bodies become chunks without an owner, those become rows that say
 * which node owes a delete, those become orders, and a confirmed order removes its row. Everything but the orders is
 * committed, so a restart goes on where it was.
 */
export class Garbage implements Task {
  readonly name = 'collect garbage';
  readonly #parts: GarbageParts;
  /** What is under way on each node: one that does not answer holds up no other. */
  readonly #deletions = new Map<string, Promise<void>>();

  constructor(parts: GarbageParts) {
    this.#parts = parts;
  }

  async work(signal: AbortSignal): Promise<number> {
    const { store, registry, wallMs, deleteGraceMs, roundMs, log } = this.#parts;
    let doomed = 0;
    for (let more = true; more && !signal.aborted;) {
      const worked = await store.write('workGarbage', { nowMs: wallMs(), deleteGraceMs, limit: batchRowsMax });
      doomed += worked.chunksDoomed;
      more = worked.more;
    }
    if (doomed > 0) log.info({ chunks: doomed }, 'chunks that nobody names are deleted from their nodes');
    await this.#dropDoomedOfForgotten(signal);
    for (const node of registry.all()) if (isAlive(node.state) && !signal.aborted) this.#startOn(node, signal);
    return roundMs;
  }

  /** Resolves when nothing is under way any more; to be called after the order book was closed. */
  async ended(): Promise<void> {
    await Promise.all(this.#deletions.values());
  }

  /** What forgotten nodes were to delete is gone with their volumes. */
  async #dropDoomedOfForgotten(signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    while (!signal.aborted) {
      const doomed = store.read('doomedOnForgotten', { limit: batchRowsMax });
      if (doomed === null) return;
      await store.write('confirmDeleted', doomed);
    }
  }

  #startOn(node: KnownNode, signal: AbortSignal): void {
    const { nodeId } = node;
    if (this.#deletions.has(nodeId)) return;
    const deletion = this.#deleteOn(node, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#parts.log.warn({ nodeId, err: error }, 'deletes failed, they are ordered in a later round');
      })
      .finally(() => this.#deletions.delete(nodeId));
    this.#deletions.set(nodeId, deletion);
  }

  /** Orders all deletes that the node owes; those that fail are owed still, and ordered in a later round. */
  async #deleteOn(node: KnownNode, signal: AbortSignal): Promise<void> {
    const { store, orders } = this.#parts;
    const { nodeId, nodeNumber } = node;
    for (let afterId: string | null = null; ;) {
      const { ids }: { ids: string[] } = store.read('doomedOn', { nodeNumber, afterId, limit: batchRowsMax });
      const last = ids.at(-1);
      if (last === undefined) return;
      afterId = last;
      const settled = ids.map(async (id) => {
        const settlement = await orders.submit(nodeId, { kind: 'delete', id }, signal);
        return settlement === 'done' || settlement === 'missing' ? id : null;
      });
      const deleted = (await Promise.all(settled)).filter((id) => id !== null);
      if (deleted.length > 0) await store.write('confirmDeleted', { nodeNumber, ids: deleted });
      const now = this.#parts.registry.get(nodeId);
      if (signal.aborted || !now || !isAlive(now.state)) return;
    }
  }
}
