import type { Clock } from '../base/clock.js';
import { IdMap } from '../base/id-map.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { uuidV7 } from '../base/uuid.js';
import type { ChunkKind, ChunkOrigin, Receipt, WrittenChunk } from '../model/chunk.js';
import type { View } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import { ChunkWrite } from './chunk-write.js';
import type { Datanodes } from './datanodes.js';
import { writeLimits, type WriteLimits } from './write-limits.js';

/** A body whole, or as it comes. */
export type BodySource = Buffer[] | AsyncIterable<Buffer>;

export interface ChunkWriterOptions {
  datanodes: Datanodes;
  /** The newest view; asked at the beginning of each chunk. */
  view: () => View;
  /** How long a chunk that is good waits for the rest of its receipts. */
  lateReceiptMs: number;
  /** Copies that became durable after that, to be told to the master. */
  onLateReceipt: (receipt: Receipt) => void;
  limits?: Partial<WriteLimits>;
}

interface BodyOptions {
  kind: ChunkKind;
  origin: Omit<ChunkOrigin, 'index'>;
  signal?: AbortSignal;
}

export interface CutBodyOptions extends BodyOptions {
  /** A new chunk is begun after so many bytes. */
  chunkSizeBytes: number;
}

export interface OneChunkOptions extends BodyOptions {
  id: string;
  lengthBytesMax: number;
}

/** Chunks of one body that wait for receipts while the next one is being sent. */
const endedChunksMax = 2;

/**
 * Makes bodies durable on datanodes. What a body that failed has left on nodes is named by nobody. The inventory sweep,
 * which comes with the healing work, removes it; until then it stays.
 */
export class ChunkWriter {
  readonly #options: ChunkWriterOptions;
  readonly #limits: WriteLimits;
  readonly #parts: { clock: Clock; random: Random; log: Log };
  /** Chunks with copies under way, for the bound on what all bodies hold together, and the sum of their bytes. */
  readonly #underWay = new IdMap<ChunkWrite>();
  #lastNumber = 0;
  #underWayBytes = 0;

  constructor(options: ChunkWriterOptions, parts: { clock: Clock; random: Random; log: Log }) {
    this.#options = options;
    this.#limits = { ...writeLimits, ...options.limits };
    this.#parts = parts;
  }

  /**
   * Stores a body as chunks in its order; a body without bytes has none. Rejects with `Refusal('nodes-too-few')`, the
   * signal's reason, or what the source threw.
   */
  write(source: BodySource, options: CutBodyOptions): Promise<WrittenChunk[]> {
    const { clock, random } = this.#parts;
    return new BodyWrite(
      this.#begin(options, () => uuidV7(clock.wallMs(), random)),
      options.chunkSizeBytes,
    ).run(source, options.signal);
  }

  /** Stores a body as exactly one chunk under a given id, also when it is empty. Refuses also: object-too-large. */
  async writeOne(source: BodySource, options: OneChunkOptions): Promise<WrittenChunk> {
    let lengthBytes = 0;
    const limit = (bytes: Buffer): Buffer => {
      lengthBytes += bytes.length;
      if (lengthBytes > options.lengthBytesMax) throw new Refusal('object-too-large');
      return bytes;
    };
    const body = new BodyWrite(
      this.#begin(options, () => options.id),
      Infinity,
    );
    body.openChunk();
    const [chunk] = await body.run(Array.isArray(source) ? source.map(limit) : mapped(source, limit), options.signal);
    return chunk!;
  }

  #begin({ kind, origin }: BodyOptions, newId: () => string): BodyParts {
    const generation = this.#options.view().sweepGeneration;
    const failedNodes = new Set<string>();
    return {
      openChunk: (index) => {
        const { view, datanodes, lateReceiptMs, onLateReceipt } = this.#options;
        const { bucketId, key, partNumber } = origin;
        this.#lastNumber += 1;
        const chunk = new ChunkWrite(
          this.#lastNumber,
          { id: newId(), kind, generation, origin: { bucketId, key, partNumber, index } },
          { view: view(), datanodes, limits: this.#limits, lateReceiptMs, failedNodes, onLateReceipt, onSettled: this.#onSettled },
          this.#parts,
        );
        this.#underWay.set(chunk.number, chunk);
        chunk.begin();
        return chunk;
      },
      took: this.#took,
    };
  }

  readonly #onSettled = (chunk: ChunkWrite): void => {
    this.#underWay.delete(chunk.number);
    this.#underWayBytes -= chunk.lengthBytes;
  };

  readonly #took = (chunk: ChunkWrite, bytes: number): number => {
    // One that has failed is given bytes until its body notices
    if (this.#underWay.has(chunk.number)) this.#underWayBytes += bytes;
    return this.#underWayBytes <= this.#limits.inFlightBytes ? this.#limits.behindBytes : this.#queuedBytesMax();
  };

  /** Of the bytes under way most have left for the nodes: what is still held has to be added up. */
  #queuedBytesMax(): number {
    let bytes = 0;
    for (const chunk of this.#underWay.values()) bytes += chunk.queuedBytes;
    if (bytes <= this.#limits.inFlightBytes) return this.#limits.behindBytes;
    for (const chunk of this.#underWay.values()) chunk.dropLate();
    return this.#limits.tightBytes;
  }
}

interface BodyParts {
  openChunk(index: number): ChunkWrite;
  /** The chunk was given so many bytes. Answers what one node may have queued before the source is read again. */
  took(chunk: ChunkWrite, bytes: number): number;
}

/** One body on its way: cuts it into chunks and keeps their order. */
class BodyWrite {
  readonly #parts: BodyParts;
  readonly #chunkSizeBytes: number;
  readonly #chunks: ChunkWrite[] = [];
  #current: ChunkWrite | null = null;

  constructor(parts: BodyParts, chunkSizeBytes: number) {
    this.#parts = parts;
    this.#chunkSizeBytes = chunkSizeBytes;
  }

  openChunk(): ChunkWrite {
    const chunk = this.#parts.openChunk(this.#chunks.length);
    this.#chunks.push(chunk);
    this.#current = chunk;
    return chunk;
  }

  async run(source: BodySource, signal: AbortSignal | undefined): Promise<WrittenChunk[]> {
    const onAbort = (): void => this.#abort(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      if (Array.isArray(source)) await this.#writeWhole(source);
      else await this.#writeStream(source, signal);
      signal?.throwIfAborted();
      this.#endChunk();
      const [first] = this.#chunks;
      return this.#chunks.length === 1 ? [await first!.written] : await Promise.all(this.#chunks.map(({ written }) => written));
    } catch (error) {
      this.#abort(error as Error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #writeWhole(pieces: Buffer[]): Promise<void> {
    for (const bytes of pieces) {
      const ready = this.#write(bytes);
      if (ready !== null) await ready;
    }
  }

  async #writeStream(source: AsyncIterable<Buffer>, signal: AbortSignal | undefined): Promise<void> {
    for await (const bytes of source) {
      signal?.throwIfAborted();
      const ready = this.#write(bytes);
      if (ready !== null) await ready;
    }
  }

  /** Null: more may follow at once. What fits into the chunk, as nearly all does, is written without a promise. */
  #write(bytes: Buffer): Promise<void> | null {
    if (bytes.length === 0) return null;
    const chunk = this.#current ?? this.openChunk();
    if (chunk.lengthBytes + bytes.length >= this.#chunkSizeBytes) return this.#writeAcross(bytes, chunk);
    chunk.write(bytes);
    return chunk.whenReady(this.#parts.took(chunk, bytes.length));
  }

  /** Fills the chunk up; the rest of the bytes goes into the next. */
  async #writeAcross(bytes: Buffer, chunk: ChunkWrite): Promise<void> {
    const fitting = this.#chunkSizeBytes - chunk.lengthBytes;
    chunk.write(bytes.subarray(0, fitting));
    this.#parts.took(chunk, fitting);
    this.#endChunk();
    await this.#chunks.at(-1 - endedChunksMax)?.written;
    await this.#write(bytes.subarray(fitting));
  }

  #endChunk(): void {
    if (this.#current === null) return;
    this.#current.end();
    this.#current = null;
  }

  #abort(reason: Error): void {
    for (const chunk of this.#chunks) chunk.abort(reason);
  }
}

async function* mapped(source: AsyncIterable<Buffer>, map: (bytes: Buffer) => Buffer): AsyncGenerator<Buffer> {
  for await (const bytes of source) yield map(bytes);
}
