import { exitCodes, type RoleFailure } from '../base/running-role.js';
import type { MetadataStore } from '../metadata/store.js';

/** Why a master cannot go on by itself: its disk failed, or another one reigns. */
export class MasterEnd {
  readonly failed: Promise<RoleFailure>;
  #fail: (failure: RoleFailure) => void = () => undefined;
  #isFenced = false;

  constructor() {
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
  }

  /** Nothing is answered any more. */
  get isFenced(): boolean {
    return this.#isFenced;
  }

  diskFailed(error: Error): void {
    this.#fail({ exitCode: exitCodes.ioFault, reason: `the disk of the metadata failed: ${error.message}` });
  }

  /** A datanode obeys another reign. The mark is durable before the process ends: whoever starts it again must find it. */
  outbid(epoch: number, store: Pick<MetadataStore, 'write'>): void {
    if (this.#isFenced) return;
    this.#isFenced = true;
    const reason = `another master has begun reign ${epoch}: this database is fenced and starts again only with --take-over`;
    store.write('markFenced', { epoch }).then(
      () => this.#fail({ exitCode: exitCodes.ioFault, reason }),
      (error: unknown) => this.#fail({ exitCode: exitCodes.ioFault, reason: `${reason}; the mark could not be written: ${String(error)}` }),
    );
  }
}
