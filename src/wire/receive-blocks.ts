const KiB = 1024;

/** What a socket is read into as long as little comes, and once so many reads after each other were full. */
export const quietBlockBytes = 64 * KiB;
export const bulkBlockBytes = 256 * KiB;
const fullReadsOfBulk = 2; // one is a list of a thousand keys, which ends with the next

/**
 * The memory that a socket is read into, one block after the other. Node's own hold 64 KiB at most: with more of a bulk
 * body in each read, all that is done once for a piece of it is done less often.
 */
export class ReceiveBlocks {
  #block: Buffer | null = null;
  #sizeBytes = quietBlockBytes;
  #fullReads = 0;

  /** What the next read goes into; the same block until `take` gives it away. */
  next(): Buffer {
    this.#block ??= Buffer.allocUnsafeSlow(this.#sizeBytes);
    return this.#block;
  }

  /**
   * The first `bytes` of the block, which nobody else writes to from now on. Few are copied: whoever keeps them would
   * keep the whole block.
   */
  take(bytes: number): Buffer {
    const block = this.next();
    const read = block.subarray(0, bytes);
    const isMostlyEmpty = bytes <= block.length / 2;
    this.#fullReads = bytes >= quietBlockBytes ? this.#fullReads + 1 : 0;
    this.#sizeBytes = this.#fullReads >= fullReadsOfBulk ? bulkBlockBytes : quietBlockBytes;
    // A large block is let go of by a connection that has become quiet
    if (!isMostlyEmpty || block.length > this.#sizeBytes) this.#block = null;
    return isMostlyEmpty ? Buffer.from(read) : read;
  }
}
