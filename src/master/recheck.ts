import type { Task } from '../base/task-loop.js';
import type { QueryResult } from '../metadata/queries.js';
import type { MetadataStore } from '../metadata/store.js';
import { batchRowsMax } from '../model/limits.js';
import type { CopyChecker } from './copy-checker.js';
import type { Liveness } from './liveness.js';
import type { KnownNode, NodeRegistry } from './node-registry.js';

export interface RecheckParts {
  store: Pick<MetadataStore, 'read'>;
  registry: NodeRegistry;
  checker: CopyChecker;
  liveness: Pick<Liveness, 'admit'>;
  /** Before a walk that did not end well is begun again. */
  retryMs: number;
}

/**
 * Walks over every copy that metadata names on a returned node, then re-admits the node. Differences are work for the
 * walk, not a reason to refuse: what is missing is dropped and made anew.
 */
export class Recheck implements Task {
  readonly name = 'check returned nodes';
  readonly #parts: RecheckParts;

  constructor(parts: RecheckParts) {
    this.#parts = parts;
  }

  async work(signal: AbortSignal): Promise<number> {
    const { registry, liveness, retryMs } = this.#parts;
    const returned = registry.all().filter((node) => node.state === 'returned');
    await Promise.all(
      returned.map(async (node) => {
        if (await this.#walk(node, signal)) await liveness.admit(node.nodeId, node.boot);
      }),
    );
    return retryMs; // woken when a node returns
  }

  /** False when something could not be looked at, or the node went away: a later walk begins anew. */
  async #walk(node: KnownNode, signal: AbortSignal): Promise<boolean> {
    const { store, registry, checker } = this.#parts;
    const isSame = (): boolean => {
      const now = registry.get(node.nodeId);
      return now?.state === 'returned' && now.boot === node.boot;
    };
    let afterId: string | null = null;
    do {
      const page: QueryResult<'chunksOnNode'> = store.read('chunksOnNode', { nodeNumber: node.nodeNumber, afterId, limit: batchRowsMax });
      afterId = page.nextAfterId;
      const checks = page.chunks.map((chunk) => checker.check(node, chunk, { deep: false, signal }));
      const settlements = await Promise.all(checks);
      if (!isSame()) return false;
      if (settlements.some((each) => each !== 'done' && each !== 'missing' && each !== 'damaged')) return false;
      await new Promise(setImmediate); // pages are read in this thread: others get their turn
    } while (afterId !== null);
    return true;
  }
}
