import { must } from '../base/must.js';
import type { QueryResult } from '../metadata/queries.js';
import type { MetadataStore } from '../metadata/store.js';
import { batchRowsMax } from '../model/limits.js';
import { copiesSuffice } from '../model/node-state.js';
import { Refusal } from '../model/refusal.js';
import type { Liveness } from './liveness.js';
import type { NodeRegistry } from './node-registry.js';

type ChunkRow = QueryResult<'chunksOnNode'>['chunks'][number];

export interface ForgetNodeParts {
  store: Pick<MetadataStore, 'read' | 'write'>;
  registry: NodeRegistry;
  liveness: Pick<Liveness, 'requireLost' | 'forget'>;
  replicationFactor: number;
}

/**
 * Gives up a node of which a person says that it is lost for good. Refused while it may serve, and while a chunk that it
 * holds has too few copies elsewhere. May be asked again after a refusal or a break: what was done stays harmless.
 */
export class ForgetNode {
  readonly #parts: ForgetNodeParts;
  /** Walks over the chunk table that go on at once: one. */
  #isBusy = false;

  constructor(parts: ForgetNodeParts) {
    this.#parts = parts;
  }

  /** Resolves when the node is gone for good; rejects with the signal's reason, and with `Refusal`. */
  async forget(nodeId: string, signal: AbortSignal): Promise<void> {
    const { nodeNumber } = this.#parts.liveness.requireLost(nodeId);
    if (this.#isBusy) throw new Refusal('slow-down', 'A node is being forgotten: ask again when that has ended.');
    this.#isBusy = true;
    try {
      await this.#giveUp(nodeId, nodeNumber, signal);
    } finally {
      this.#isBusy = false;
    }
  }

  async #giveUp(nodeId: string, nodeNumber: number, signal: AbortSignal): Promise<void> {
    const { store, liveness, replicationFactor } = this.#parts;
    const { stateSinceMs } = must(
      store.read('listNodes', {}).nodes.find((row) => row.nodeId === nodeId),
      'the row of a node in the registry',
    );
    // 1. Nothing is changed before the whole table was looked at.
    let short = 0;
    for await (const page of this.#pages(nodeNumber, signal)) short += page.filter((chunk) => this.#isShort(chunk)).length;
    this.#refuseShort(short);
    // 2. While it stands as it stood then, no receipt of it counts: rows that were passed do not come to name it.
    for await (const page of this.#pages(nodeNumber, signal)) {
      const ids = page.map(({ id }) => id);
      liveness.requireLost(nodeId);
      if (ids.length > 0) this.#refuseShort((await store.write('dropLostCopies', { nodeId, stateSinceMs, ids, replicationFactor })).short);
    }
    // 3. No row names it any more.
    await liveness.forget(nodeId, stateSinceMs);
  }

  /** The chunks on record there, page by page. */
  async *#pages(nodeNumber: number, signal: AbortSignal): AsyncGenerator<ChunkRow[]> {
    let afterId: string | null = null;
    do {
      signal.throwIfAborted();
      const page: QueryResult<'chunksOnNode'> = this.#parts.store.read('chunksOnNode', { nodeNumber, afterId, limit: batchRowsMax });
      yield page.chunks;
      afterId = page.nextAfterId;
      await new Promise(setImmediate); // pages are read in this thread: others get their turn
    } while (afterId !== null);
  }

  #isShort({ state, nodeNumbers }: ChunkRow): boolean {
    const { registry, replicationFactor } = this.#parts;
    const states = registry.holders(nodeNumbers).map((node) => node.state);
    return state === 'present' && !copiesSuffice(states, replicationFactor);
  }

  #refuseShort(short: number): void {
    if (short === 0) return;
    throw new Refusal(
      'node-holds-copies',
      `${short} chunks of this node have fewer than ${this.#parts.replicationFactor} copies on other live nodes. Wait for repair or add a node; objects that are lost have to be deleted. See: aether status`,
    );
  }
}
