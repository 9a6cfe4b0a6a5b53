import { Refusal } from '../model/refusal.js';
import type { DiskCondition } from './disk-condition.js';
import { isFullError } from './disk-error.js';
import { withReserve, type SegmentPool } from './segment-pool.js';
import { writeFormat, writeState, type VolumeFormat, type VolumeState } from './volume-identity.js';

/** What the volume knows of itself, in `format.json` and `state.json`; each change is durable before it counts. */
export class VolumeRecords {
  readonly #path: string;
  readonly #pool: SegmentPool;
  readonly #condition: DiskCondition;
  #format: VolumeFormat;
  #state: VolumeState;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string, found: { format: VolumeFormat; state: VolumeState }, parts: { pool: SegmentPool; condition: DiskCondition }) {
    this.#path = path;
    this.#format = found.format;
    this.#state = found.state;
    this.#pool = parts.pool;
    this.#condition = parts.condition;
  }

  get format(): VolumeFormat {
    return this.#format;
  }

  get boot(): number {
    return this.#state.boot;
  }

  get reign(): { epoch: number; id: string } | null {
    return this.#state.reign;
  }

  /** Joins a cluster, once. Refused in another one (cluster-foreign). */
  adopt(clusterId: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#format.clusterId === clusterId) return;
      if (this.#format.clusterId !== null) throw new Refusal('cluster-foreign');
      const format = { ...this.#format, clusterId };
      await this.#write(() => writeFormat(this.#path, format));
      this.#format = format;
    });
  }

  /** False: a higher reign is known, or another of the same epoch. */
  acceptReign(reign: { epoch: number; id: string }): Promise<boolean> {
    return this.#inTurn(async () => {
      const known = this.#state.reign;
      if (known !== null && reign.epoch <= known.epoch) return reign.epoch === known.epoch && reign.id === known.id;
      await this.#saveState({ ...this.#state, reign: { epoch: reign.epoch, id: reign.id } });
      return true;
    });
  }

  /** The last change: this run ended as it should. */
  markClean(): Promise<void> {
    return this.#inTurn(() => this.#saveState({ ...this.#state, clean: true }));
  }

  async #saveState(state: VolumeState): Promise<void> {
    await this.#write(() => writeState(this.#path, state));
    this.#state = state;
  }

  /** These must get through on a full disk: without a reign, no delete could ever make room. */
  async #write(write: () => Promise<void>): Promise<void> {
    this.#condition.checkFaultless();
    try {
      await withReserve(this.#pool, write);
    } catch (error) {
      throw isFullError(error) ? new Refusal('storage-full') : this.#condition.failed(error);
    }
  }

  /** Changes come one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}
