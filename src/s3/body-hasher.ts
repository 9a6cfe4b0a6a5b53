import { availableParallelism } from 'node:os';
import { Crc64Nvme } from '../base/crc64nvme.js';
import { hashWhole, startHash, type Digests, type HashName, type HashStream } from './hash-stream.js';
import { HashWorker, slotSizeBytes } from './hash-worker.js';

/** The hashes of one body under way. Ends by `finish` or `abort`. */
export interface BodyHasher {
  /**
   * Takes the next bytes, which must not change any more. A promise means: wait for it before the next call.
   * It rejects when the hashing thread died.
   */
  update(bytes: Buffer): Promise<void> | null;
  finish(): Promise<Digests>;
  /** Nobody wants the digests any more. Allowed at any time, also after `finish`. */
  abort(): void;
}

/** Bodies up to this size are hashed where they are; larger ones would hold up the event loop (MD5: 1.8 ms per MiB). */
export const inlineBodyBytesMax = 256 * 1024;
/** Threads are started as they are needed, so that a process that sees only small bodies has none. */
const workersMax = 4;
/** Pieces that wait for a message to a thread; tiny ones would otherwise cost more memory than their bytes. */
const gatheredPiecesMax = 1024;

/** Makes the hashers of a process and owns the threads behind them. */
export class BodyHashers {
  readonly #crc64: Crc64Nvme;
  readonly #workersMax = Math.min(workersMax, availableParallelism());
  readonly #workers = new Set<HashWorker>();

  private constructor(crc64: Crc64Nvme) {
    this.#crc64 = crc64;
  }

  static async create(): Promise<BodyHashers> {
    return new BodyHashers(await Crc64Nvme.load());
  }

  /** `sizeBytes`: of the whole body; decides where it is hashed. */
  begin(names: readonly HashName[], sizeBytes: number): BodyHasher {
    if (sizeBytes <= inlineBodyBytesMax) return new InlineHasher(names, this.#crc64);
    return new ThreadHasher(names, this.#leastBusyWorker());
  }

  /** The digests of a body that is at hand in one piece. */
  hash(names: readonly HashName[], bytes: Buffer): Digests {
    return new Map(names.map((name) => [name, hashWhole(name, bytes, this.#crc64)]));
  }

  /** Ends the threads; bodies under way fail. */
  async close(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.close()));
  }

  #leastBusyWorker(): HashWorker {
    const [least] = [...this.#workers].sort((a, b) => a.bodyCount - b.bodyCount);
    if (least !== undefined && (least.bodyCount === 0 || this.#workers.size >= this.#workersMax)) return least;
    const worker = new HashWorker((gone) => this.#workers.delete(gone));
    this.#workers.add(worker);
    return worker;
  }
}

/** Hashes on this thread; a body that came in one piece takes the short way. */
class InlineHasher implements BodyHasher {
  readonly #names: readonly HashName[];
  readonly #crc64: Crc64Nvme;
  #first: Buffer | null = null;
  #streams: HashStream[] | null = null;

  constructor(names: readonly HashName[], crc64: Crc64Nvme) {
    this.#names = names;
    this.#crc64 = crc64;
  }

  update(bytes: Buffer): null {
    if (this.#first === null) {
      this.#first = bytes;
    } else {
      this.#streams ??= this.#startStreams(this.#first);
      for (const stream of this.#streams) stream.update(bytes);
    }
    return null;
  }

  finish(): Promise<Digests> {
    const streams = this.#streams;
    const whole = this.#first ?? Buffer.alloc(0);
    return Promise.resolve(new Map(this.#names.map((name, at) => [name, streams?.[at]?.digest() ?? hashWhole(name, whole, this.#crc64)])));
  }

  abort(): void {}

  #startStreams(first: Buffer): HashStream[] {
    const streams = this.#names.map((name) => startHash(name, this.#crc64));
    for (const stream of streams) stream.update(first);
    return streams;
  }
}

/** Gathers bytes (by reference) until they are worth a message to the thread. A slow body never holds a slot. */
class ThreadHasher implements BodyHasher {
  readonly #worker: HashWorker;
  readonly #body: number;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;

  constructor(names: readonly HashName[], worker: HashWorker) {
    this.#worker = worker;
    this.#body = worker.begin(names);
  }

  update(bytes: Buffer): Promise<void> | null {
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    const enough = this.#gatheredBytes >= slotSizeBytes || this.#gathered.length >= gatheredPiecesMax;
    return enough ? this.#flush() : null;
  }

  async finish(): Promise<Digests> {
    await this.#flush();
    return this.#worker.finish(this.#body);
  }

  abort(): void {
    this.#worker.drop(this.#body);
  }

  #flush(): Promise<void> {
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return this.#worker.update(this.#body, pieces);
  }
}
