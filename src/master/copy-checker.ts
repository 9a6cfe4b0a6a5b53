import type { Log } from '../base/log.js';
import type { MetadataStore } from '../metadata/store.js';
import type { ChunkFacts } from '../model/chunk.js';
import type { KnownNode } from './node-registry.js';
import type { OrderBook, Settlement } from './order-book.js';

export interface CopyCheckerParts {
  store: Pick<MetadataStore, 'write'>;
  orders: OrderBook;
  replicationFactor: number;
  wallMs: () => number;
  log: Log;
  /** A chunk has fewer copies than before. */
  dropped: () => void;
}

/**
 * Asks a node about one of its copies, and takes the copy out of the metadata when the node itself, in this boot, says
 * that it is missing or damaged. Nothing else is evidence: not a reader's word, and never silence.
 */
export class CopyChecker {
  readonly #parts: CopyCheckerParts;

  constructor(parts: CopyCheckerParts) {
    this.#parts = parts;
  }

  /** Resolves when the copy has been looked at and the finding is committed. `deep` reads every byte. */
  async check(node: Pick<KnownNode, 'nodeId'>, chunk: ChunkFacts, options: { deep: boolean; signal: AbortSignal }): Promise<Settlement> {
    const { store, orders, replicationFactor, wallMs, log } = this.#parts;
    const { id, lengthBytes, crc32c } = chunk;
    const order = { kind: 'verify', id, lengthBytes, crc32c, deep: options.deep } as const;
    const settlement = await orders.submit(node.nodeId, order, options.signal);
    if (settlement !== 'missing' && settlement !== 'damaged') return settlement;
    const { dropped, copies } = await store.write('dropReplica', { id, nodeId: node.nodeId, replicationFactor, nowMs: wallMs() });
    if (dropped) {
      const word = { id, nodeId: node.nodeId, found: settlement, copies };
      if (copies === 0) log.error({ alert: true, ...word }, 'no copy of a chunk is left');
      else log.warn(word, 'a copy is not what metadata says and no longer counts');
      this.#parts.dropped();
    }
    return settlement;
  }
}
