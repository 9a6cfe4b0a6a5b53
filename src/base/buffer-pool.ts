/**
 * Buffers of one size that are used again and again, so that bulk bytes cost no memory anew and leave nothing to the
 * garbage collector. Giving one back is the word that nobody looks at its bytes any more. Who gives none back, as after
 * an error, does no harm: the collector takes it.
 */
export class BufferPool {
  readonly sizeBytes: number;
  readonly #keptMax: number;
  readonly #kept: Buffer[] = [];
  readonly #lent = new WeakSet<ArrayBufferLike>();

  /** Of those given back, `keptMax` are kept. */
  constructor(sizeBytes: number, keptMax: number) {
    this.sizeBytes = sizeBytes;
    this.#keptMax = keptMax;
  }

  take(): Buffer {
    const buffer = this.#kept.pop() ?? Buffer.allocUnsafeSlow(this.sizeBytes);
    this.#lent.add(buffer.buffer);
    return buffer;
  }

  /** Takes any view of a buffer of this pool, each once; bytes that are not of it are left alone. */
  giveBack(bytes: Buffer): void {
    if (!this.#lent.delete(bytes.buffer) || this.#kept.length >= this.#keptMax) return;
    this.#kept.push(Buffer.from(bytes.buffer));
  }
}
