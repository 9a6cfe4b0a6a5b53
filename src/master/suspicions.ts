import type { Log } from '../base/log.js';
import type { MetadataStore } from '../metadata/store.js';
import { isAlive } from '../model/node-state.js';
import type { RequestOf } from '../wire/verbs.js';
import type { CopyChecker } from './copy-checker.js';
import type { NodeRegistry } from './node-registry.js';

/** Copies under suspicion at once; further reports are let go: the next reader finds the copy again. */
const openMax = 1000;

export interface SuspicionParts {
  store: Pick<MetadataStore, 'read'>;
  registry: NodeRegistry;
  checker: CopyChecker;
  log: Log;
}

/** Readers say that a copy is missing or damaged; the node that holds it is asked before anything is believed. */
export class Suspicions {
  readonly #parts: SuspicionParts;
  readonly #open = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(parts: SuspicionParts) {
    this.#parts = parts;
  }

  raise(report: RequestOf<'reportReplica'>): void {
    const key = `${report.id} ${report.nodeId}`;
    if (this.#open.has(key) || this.#open.size >= openMax || this.#stop.signal.aborted) return;
    const checked = this.#check(report)
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) this.#parts.log.warn({ ...report, err: error }, 'a reported copy could not be checked');
      })
      .finally(() => this.#open.delete(key));
    this.#open.set(key, checked);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the master stops'));
    await Promise.all(this.#open.values());
  }

  async #check({ id, nodeId, problem }: RequestOf<'reportReplica'>): Promise<void> {
    const { store, registry, checker, log } = this.#parts;
    const node = registry.get(nodeId);
    const chunk = store.read('getChunk', { id });
    if (!node || !isAlive(node.state) || !chunk?.nodeNumbers.includes(node.nodeNumber)) return;
    const settlement = await checker.check(node, chunk, { deep: problem === 'damaged', signal: this.#stop.signal });
    log.info({ id, nodeId, problem, settlement }, 'a reported copy was checked');
  }
}
