import { combineCrc32c, createCrc32cCombiner } from '../base/crc-combine.js';
import { crc32c } from '../base/crc32c.js';
import { blockSizeBytes } from '../model/limits.js';

const appendBlock = createCrc32cCombiner(blockSizeBytes);

/**
 * The first block whose bytes differ from its CRC, by its number in the chunk, or null. `bytes` are whole blocks from
 * `firstBlock` on, but for the last of a chunk, which may be shorter.
 */
export function firstWrongBlock(bytes: Buffer, blockCrcs: Uint32Array, firstBlock: number): number | null {
  for (let at = 0, block = firstBlock; at < bytes.length; at += blockSizeBytes, block += 1) {
    if (crc32c(bytes.subarray(at, at + blockSizeBytes)) !== blockCrcs[block]) return block;
  }
  return null;
}

/** One CRC per block over a stream of pieces of any size, and the CRC of the whole from them: each byte is read once. */
export class BlockCrcs {
  readonly #crcs: number[] = [];
  #open = 0;
  #openBytes = 0;
  #whole = 0;
  #lengthBytes = 0;

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  add(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + blockSizeBytes - this.#openBytes);
      this.#open = crc32c(piece, this.#open);
      this.#openBytes += piece.length;
      at += piece.length;
      if (this.#openBytes === blockSizeBytes) this.#close(appendBlock(this.#whole, this.#open));
    }
    this.#lengthBytes += bytes.length;
  }

  /** Ends the stream. */
  finish(): { blockCrcs: Uint32Array; crc32c: number } {
    if (this.#openBytes > 0) this.#close(combineCrc32c(this.#whole, this.#open, this.#openBytes));
    return { blockCrcs: Uint32Array.from(this.#crcs), crc32c: this.#whole };
  }

  #close(whole: number): void {
    this.#whole = whole;
    this.#crcs.push(this.#open);
    this.#open = 0;
    this.#openBytes = 0;
  }
}
