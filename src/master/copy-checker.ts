import type { Log } from '../base/log.js';
import type { MetadataStore } from '../metadata/store.js';
import type { ChunkFacts } from '../model/chunk.js';
import type { KnownNode } from './node-registry.js';
import type { OrderBook, Settlement } from './order-book.js';

/** Chunks whose only copy is known to be damaged that are remembered; the log names every one. */
const damagedMax = 1000;

export interface CopyCheckerParts {
  store: Pick<MetadataStore, 'read' | 'write'>;
  orders: OrderBook;
  replicationFactor: number;
  wallMs: () => number;
  log: Log;
  /** A chunk has fewer copies than before. */
  dropped: () => void;
}

/**
 * Asks a node about one of its copies, and takes the copy out of the metadata when the node itself, in this boot, says
 * that it is missing or damaged; a damaged one stays when there is no other. Nothing else is evidence: not a reader's
 * word, and never silence.
 */
export class CopyChecker {
  readonly #parts: CopyCheckerParts;
  /** Ids, by what this process has seen. */
  readonly #onlyDamaged = new Set<string>();

  constructor(parts: CopyCheckerParts) {
    this.#parts = parts;
  }

  /** Resolves when the copy has been looked at and the finding is committed. `deep` reads every byte. */
  async check(node: Pick<KnownNode, 'nodeId'>, chunk: ChunkFacts, options: { deep: boolean; signal: AbortSignal }): Promise<Settlement> {
    const { store, orders, replicationFactor, wallMs, log } = this.#parts;
    const { id, lengthBytes, crc32c } = chunk;
    const order = { kind: 'verify', id, lengthBytes, crc32c, deep: options.deep } as const;
    const settlement = await orders.submit(node.nodeId, order, options.signal);
    if (settlement === 'done' && options.deep) this.#onlyDamaged.delete(id);
    if (settlement !== 'missing' && settlement !== 'damaged') return settlement;
    const drop = { id, nodeId: node.nodeId, found: settlement, replicationFactor, nowMs: wallMs() };
    const { dropped, kept, copies } = await store.write('dropReplica', drop);
    const word = { id, nodeId: node.nodeId, found: settlement, copies };
    if (kept) {
      if (this.#onlyDamaged.size < damagedMax) this.#onlyDamaged.add(id);
      log.error({ alert: true, ...word }, 'the only copy of a chunk is damaged; it stays on record');
    }
    if (dropped) {
      if (copies === 0) log.error({ alert: true, ...word }, 'no copy of a chunk is left');
      else log.warn(word, 'a copy is not what metadata says and no longer counts');
      this.#parts.dropped();
    }
    return settlement;
  }

  /** Ids of chunks whose only recorded copy was found damaged since this master started. */
  onlyDamaged(): ReadonlySet<string> {
    for (const id of this.#onlyDamaged) {
      const chunk = this.#parts.store.read('getChunk', { id });
      if (chunk?.state !== 'present' || chunk.nodeNumbers.length !== 1) this.#onlyDamaged.delete(id);
    }
    return this.#onlyDamaged;
  }
}
