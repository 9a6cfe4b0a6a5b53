import { createCRC64, type IHasher } from 'hash-wasm';

/** Hexadecimal, reflected: the CRC-64 of the NVM Express specification, check value ae8b14860a799888. */
const POLYNOMIAL = '9a6c9329ac4bc9b5';

/** One running checksum. */
export interface Crc64Stream {
  update(bytes: Buffer): void;
  /** Eight bytes, big-endian. */
  digest(): Buffer;
}

/** CRC-64/NVME for any number of streams in turn over one WebAssembly instance. */
export class Crc64Nvme {
  readonly #hasher: IHasher;

  private constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  static async load(): Promise<Crc64Nvme> {
    return new Crc64Nvme(await createCRC64(POLYNOMIAL));
  }

  start(): Crc64Stream {
    const hasher = this.#hasher;
    let state = hasher.init().save();
    return {
      update(bytes) {
        hasher.load(state).update(bytes);
        state = hasher.save();
      },
      digest: () => Buffer.from(hasher.load(state).digest('binary')),
    };
  }
}
