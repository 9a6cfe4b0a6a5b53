import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Receipt } from '../model/chunk.js';
import { batchRowsMax } from '../model/limits.js';
import type { RequestOf, ResponseOf } from '../wire/verbs.js';

export interface ReplicaTaker {
  ask(verb: 'addReplicas', head: RequestOf<'addReplicas'>): Promise<ResponseOf<'addReplicas'>>;
}

/** Long enough for the commit that names the chunk to be done before its late copies are told. */
const tellAfterMs = 1000;
/** What is not told is found by repair, which asks the node and gets the same receipt. */
const waitingMax = 20_000;

/** Tells the master of copies that became durable after the writer had gone on, in batches. */
export class LateReceipts {
  readonly #master: ReplicaTaker;
  readonly #parts: { clock: Clock; log: Log };
  #waiting: Receipt[] = [];
  #isTelling = false;

  constructor(master: ReplicaTaker, parts: { clock: Clock; log: Log }) {
    this.#master = master;
    this.#parts = parts;
  }

  add(receipt: Receipt): void {
    if (this.#waiting.length >= waitingMax) return;
    this.#waiting.push(receipt);
    if (this.#isTelling) return;
    this.#isTelling = true;
    this.#parts.clock.setTimer(tellAfterMs, () => void this.tell());
  }

  /** Tells all that waits now; also at a stop. Never rejects. */
  async tell(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchRowsMax);
      const chunks = batch.map(({ nodeId, ...facts }) => ({ ...facts, nodeIds: [nodeId] }));
      try {
        await this.#master.ask('addReplicas', { chunks });
      } catch (error) {
        this.#parts.log.warn({ err: error, receipts: batch.length }, 'late copies could not be told to the master');
      }
    }
    this.#isTelling = false;
  }
}
