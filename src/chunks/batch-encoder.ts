import type { LogDigest } from './log-digest.js';
import type { PendingRecord } from './log-record.js';
import { encodeHeader, recordBytesMax } from './record.js';
import type { Segment } from './segment.js';
import type { VolumeLimits } from './volume-limits.js';

/** Makes the bytes of a batch. They stand in memory that the next batch uses again: one batch is in flight. */
export class BatchEncoder {
  readonly #slab: Buffer;
  readonly #copiedBytesMax: number;
  readonly #seed: number;

  constructor(limits: VolumeLimits, seed: number) {
    this.#slab = Buffer.alloc(Math.max(limits.batchBytesMax, recordBytesMax));
    this.#copiedBytesMax = limits.copiedPayloadBytesMax;
    this.#seed = seed;
  }

  /**
   * Gives the records their places from the end of `segment` on, and takes them into `digest`. A small payload is
   * copied to its header: one more buffer for the system call costs several times as much. A larger one stays where it is.
   */
  encode(batch: readonly PendingRecord[], segment: Segment, digest: LogDigest, batchFirst: number): Buffer[] {
    const slab = this.#slab;
    const pieces: Buffer[] = [];
    let sequence = batchFirst;
    let offset = segment.endBytes;
    let pieceStart = 0;
    let slabEnd = 0;
    for (const record of batch) {
      record.sequence = sequence++;
      record.batchFirst = batchFirst;
      record.epoch = segment.number;
      record.digestLow = digest.low;
      record.digestHigh = digest.high;
      record.segment = segment.handle;
      record.offset = offset;
      digest.add(encodeHeader(slab, slabEnd, record, this.#seed));
      slabEnd += record.headerBytes;
      for (const bytes of record.payload) {
        if (bytes.length <= this.#copiedBytesMax) {
          slab.set(bytes, slabEnd);
          slabEnd += bytes.length;
        } else {
          pieces.push(slab.subarray(pieceStart, slabEnd), bytes);
          pieceStart = slabEnd;
        }
      }
      for (let left = record.recordBytes - record.headerBytes - record.payloadBytes; left > 0; left -= 1) slab[slabEnd++] = 0;
      offset += record.recordBytes;
    }
    if (slabEnd > pieceStart) pieces.push(slab.subarray(pieceStart, slabEnd));
    return pieces;
  }
}
