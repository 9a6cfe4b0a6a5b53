import { createCipheriv, createHash } from 'node:crypto';
import type { Random } from '../base/random.js';
import { uuidFromBytes } from '../base/uuid.js';

/** Chance that repeats from its seed: the key stream of a cipher. */
export class SeededRandom implements Random {
  readonly #stream;

  constructor(seed: string) {
    const key = createHash('sha256').update(seed).digest();
    this.#stream = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  }

  fraction(): number {
    return this.bytes(6).readUIntBE(0, 6) / 2 ** 48;
  }

  bytes(count: number): Buffer {
    return this.#stream.update(Buffer.alloc(count));
  }

  uuidV4(): string {
    const bytes = this.bytes(16);
    bytes[6] = 0x40 | (bytes[6]! & 0x0f);
    bytes[8] = 0x80 | (bytes[8]! & 0x3f);
    return uuidFromBytes(bytes);
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.fraction() * (to - from + 1));
  }

  /** One of several, all alike. */
  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)]!;
  }
}

/** The bytes that a name stands for: whoever has the name can check them. */
export function contentOf(name: string, sizeBytes: number): Buffer {
  return new SeededRandom(name).bytes(sizeBytes);
}
