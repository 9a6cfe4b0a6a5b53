import { statfsSync } from 'node:fs';
import type { Clock } from '../../base/clock.js';
import { freeBytesMin, freeInodesMin, freeShareMin, roomCheckMs } from '../limits.js';

export interface RoomOptions {
  /** A folder on the volume. */
  folder: string;
  /** Told when there is too little room, and when there is enough again. */
  onChange: (enough: boolean) => void;
}

/** Whether the volume of the metadata has room for more. */
export class Room {
  readonly #options: RoomOptions;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #enough = true;
  #measuredAtMs = -Infinity;

  constructor(options: RoomOptions, clock: Pick<Clock, 'monotonicMs'>) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Measures, unless it just has. */
  isEnough(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#measuredAtMs < roomCheckMs) return this.#enough;
    this.#measuredAtMs = nowMs;
    const enough = hasRoom(this.#options.folder);
    if (enough !== this.#enough) this.#options.onChange(enough);
    this.#enough = enough;
    return enough;
  }
}

function hasRoom(folder: string): boolean {
  const { blocks, bavail, bsize, files, ffree } = statfsSync(folder);
  const bytesMin = Math.min(freeBytesMin, blocks * bsize * freeShareMin);
  // File systems without a table of inodes say 0 of 0.
  return bavail * bsize >= bytesMin && (files === 0 || ffree >= freeInodesMin);
}
