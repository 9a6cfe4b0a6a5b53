import { Crc64Nvme } from '../base/crc64nvme.js';
import { hashWhole, startHash, type Digests, type HashName, type HashStream } from './hash-stream.js';

/** The hashes of one body under way. Ends by `finish` or `abort`. */
export interface BodyHasher {
  /** Takes the next bytes, which must not change any more. A promise asks the caller to wait before the next call. */
  update(bytes: Buffer): Promise<void> | null;
  finish(): Promise<Digests>;
  abort(): void;
}

/** Makes the hashers of a process. */
export class BodyHashers {
  readonly #crc64: Crc64Nvme;

  private constructor(crc64: Crc64Nvme) {
    this.#crc64 = crc64;
  }

  static async create(): Promise<BodyHashers> {
    return new BodyHashers(await Crc64Nvme.load());
  }

  /** `sizeBytes`: of the whole body, decides where it is hashed. */
  begin(names: readonly HashName[], _sizeBytes: number): BodyHasher {
    return new InlineHasher(names, this.#crc64);
  }

  /** The digests of a body that is in one piece. */
  hash(names: readonly HashName[], bytes: Buffer): Digests {
    return new Map(names.map((name) => [name, hashWhole(name, bytes, this.#crc64)]));
  }

  async close(): Promise<void> {}
}

/** Hashes on this thread; a body that came in one piece takes the short way. */
class InlineHasher implements BodyHasher {
  readonly #names: readonly HashName[];
  readonly #crc64: Crc64Nvme;
  #only: Buffer | null = null;
  #streams: HashStream[] | null = null;

  constructor(names: readonly HashName[], crc64: Crc64Nvme) {
    this.#names = names;
    this.#crc64 = crc64;
  }

  update(bytes: Buffer): null {
    if (this.#streams === null && this.#only === null) {
      this.#only = bytes;
      return null;
    }
    if (this.#streams === null) {
      this.#streams = this.#names.map((name) => startHash(name, this.#crc64));
      for (const stream of this.#streams) stream.update(this.#only!);
      this.#only = null;
    }
    for (const stream of this.#streams) stream.update(bytes);
    return null;
  }

  async finish(): Promise<Digests> {
    const streams = this.#streams;
    const whole = this.#only ?? Buffer.alloc(0);
    return new Map(this.#names.map((name, at) => [name, streams?.[at]?.digest() ?? hashWhole(name, whole, this.#crc64)]));
  }

  abort(): void {
    this.#streams = null;
    this.#only = null;
  }
}
