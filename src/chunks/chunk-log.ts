import { must } from '../base/must.js';
import type { ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { Refusal } from '../model/refusal.js';
import { BatchEnds } from './digest-history.js';
import type { DiskCondition } from './disk-condition.js';
import { HintEntries, type Hint } from './hint-file.js';
import { LogDigest } from './log-digest.js';
import { writeAll } from './positioned-io.js';
import {
  encodeHeader,
  headerBytesMax,
  headerBytesOf,
  nilUuid,
  noOrigin,
  recordBytes,
  sealBytes,
  type RecordHeader,
  type RecordType,
} from './record.js';
import type { Segment } from './segment.js';
import { nameSegment, type SegmentPool } from './segment-pool.js';
import type { SegmentTable } from './segment-table.js';
import type { VolumeLimits } from './volume-limits.js';

/** What a caller wants in the log. */
export interface LogRequest {
  type: Exclude<RecordType, 'seal'>;
  kind: ChunkKind;
  id: string;
  /** The bytes of a packed chunk, in pieces, else empty. */
  payload: Buffer[];
  lengthBytes: number;
  killedSequence: number;
  crc32c: number;
  generation: number;
  attempt: number;
  origin: ChunkOrigin;
}

/** Where a durable record stands. */
export interface Appended {
  segment: number;
  offset: number;
  sequence: number;
  recordBytes: number;
}

interface LogParts {
  limits: VolumeLimits;
  pool: SegmentPool;
  table: SegmentTable;
  /** Begins the CRC of each header. */
  seed: number;
  clusterId: () => string | null;
  condition: DiskCondition;
  /** A segment was sealed; what is derived from it can be written. */
  onSealed: (segment: Segment, hint: Hint, ends: BatchEnds) => void;
}

class PendingRecord implements RecordHeader {
  readonly type: RecordType;
  readonly kind: ChunkKind;
  readonly id: string;
  readonly payload: Buffer[];
  readonly payloadBytes: number;
  readonly headerBytes: number;
  readonly lengthBytes: number;
  readonly killedSequence: number;
  readonly crc32c: number;
  readonly generation: number;
  readonly attempt: number;
  readonly origin: ChunkOrigin;
  readonly clusterId: string | null;
  sequence = 0;
  batchFirst = 0;
  epoch = 0;
  digestLow = 0;
  digestHigh = 0;
  offset = 0;
  readonly resolve: (place: Appended) => void;
  readonly reject: (error: Error) => void;

  constructor(request: LogRequest, clusterId: string | null, resolve: (place: Appended) => void, reject: (error: Error) => void) {
    this.type = request.type;
    this.kind = request.kind;
    this.id = request.id;
    this.payload = request.payload;
    this.payloadBytes = request.type === 'packed' ? request.lengthBytes : 0;
    this.headerBytes = headerBytesOf(request.type, request.origin);
    this.lengthBytes = request.lengthBytes;
    this.killedSequence = request.killedSequence;
    this.crc32c = request.crc32c;
    this.generation = request.generation;
    this.attempt = request.attempt;
    this.origin = request.origin;
    this.clusterId = clusterId;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * The append log with group commit: take everything that waits, one `writev` into pre-written blocks opened with
 * O_DSYNC, answer all, repeat. One batch is in flight, and recovery relies on it. There is no timer: what arrives
 * while a batch is in flight is the next batch.
 */
export class ChunkLog {
  readonly #parts: LogParts;
  #active: Segment;
  #standby: Promise<Segment | null> | null = null;
  #queue: PendingRecord[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | null = null;
  #failed: Error | null = null;
  #sequence: number;
  /** Over all records that were encoded, those of the batch in flight too. */
  readonly #digest: LogDigest;
  /** The digest at `sequence`: what may be told to others. */
  #durableDigest: string;
  #entries = new HintEntries();
  #ends = new BatchEnds();
  /** Headers of the batch in flight; used again by the next. */
  readonly #headers: Buffer;

  constructor(parts: LogParts, start: { active: Segment; sequence: number; digest: LogDigest }) {
    this.#parts = parts;
    this.#active = start.active;
    this.#sequence = start.sequence;
    this.#digest = start.digest;
    this.#durableDigest = start.digest.toString();
    parts.condition.whenFaulted((error) => this.#fail(error));
    this.#headers = Buffer.alloc(parts.limits.batchRecordsMax * 160 + headerBytesMax * 2);
  }

  get active(): Segment {
    return this.#active;
  }

  /** The last sequence that is durable, and the digest over the log up to it. */
  get sequence(): number {
    return this.#sequence;
  }

  get digest(): string {
    return this.#durableDigest;
  }

  /** The digest at the end of a batch in the active segment, or null. */
  digestInActive(sequence: number): string | null {
    return sequence === this.#sequence ? this.digest : this.#ends.find(sequence);
  }

  /** Resolves when the record is durable. Refused when the disk is full or the queue is; rejects when the disk failed. */
  append(request: LogRequest): Promise<Appended> {
    const refusal = this.#refusal();
    return refusal === null ? this.#enqueue(request) : Promise.reject(refusal);
  }

  /** Two records, in this order: both are taken or none. */
  appendBoth(first: LogRequest, second: LogRequest): Promise<[Appended, Appended]> {
    const refusal = this.#refusal();
    return refusal === null ? Promise.all([this.#enqueue(first), this.#enqueue(second)]) : Promise.reject(refusal);
  }

  #refusal(): Error | null {
    if (this.#failed) return this.#failed;
    return this.#queuedBytes > this.#parts.limits.queuedBytesMax ? new Refusal('slow-down') : null;
  }

  #enqueue(request: LogRequest): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const pending = new PendingRecord(request, this.#parts.clusterId(), resolve, reject);
      this.#queue.push(pending);
      this.#queuedBytes += recordBytes(pending);
      this.#running ??= this.#run();
    });
  }

  /** Rejects everything that waits; nothing is written any more. */
  #fail(error: Error): void {
    this.#failed ??= error;
    for (const pending of this.#queue) pending.reject(error);
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** Waits for what was queued, then seals the active segment: the end of a clean stop. */
  async close(): Promise<void> {
    await this.#running;
    if (this.#failed) return;
    this.#failed = new Refusal('node-closed');
    await this.#seal();
  }

  /** Resolves when the segment that follows, if it was asked for, is ready. */
  async standbyReady(): Promise<void> {
    await this.#standby;
  }

  /** Lets go of the segment that was made ready; it is empty, and the next start takes it away. */
  async release(): Promise<void> {
    (await this.#standby)?.closeIfIdle();
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        // One turn of the event loop: all that the last answers set off, and all that arrived with them, goes along.
        await new Promise<void>((resolve) => setImmediate(resolve));
        const batch = this.#take();
        if (batch.length > 0) await this.#write(batch);
        else if (this.#queue.length > 0) await this.#roll();
      }
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#running = null;
    }
  }

  /** The head of the queue as far as one batch and the active segment take it. */
  #take(): PendingRecord[] {
    const { batchBytesMax, batchRecordsMax } = this.#parts.limits;
    const roomBytes = this.#active.fileBytes - this.#active.endBytes - sealBytes;
    let count = 0;
    let bytes = 0;
    let headerBytes = 0;
    for (const pending of this.#queue) {
      const next = recordBytes(pending);
      if (count === batchRecordsMax || bytes + next > roomBytes || (count > 0 && bytes + next > batchBytesMax)) break;
      headerBytes += pending.headerBytes + 8;
      if (headerBytes > this.#headers.length) break;
      bytes += next;
      count += 1;
    }
    if (count === 0) return [];
    this.#queuedBytes -= bytes;
    const batch = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return batch;
  }

  async #write(batch: PendingRecord[]): Promise<void> {
    const active = this.#active;
    const { low, high } = this.#digest;
    const buffers = this.#encode(batch);
    try {
      await writeAll(must(active.openFd, 'the active segment is open'), buffers, active.endBytes);
    } catch (error) {
      this.#digest.low = low;
      this.#digest.high = high;
      this.#fault(error);
      for (const pending of batch) pending.reject(must(this.#failed, 'the fault'));
      return;
    }
    const last = must(batch.at(-1), 'a batch has records');
    active.endBytes = last.offset + recordBytes(last);
    active.noteSequence(last.batchFirst);
    active.noteSequence(last.sequence);
    active.lastBatchFirst = last.batchFirst;
    this.#sequence = last.sequence;
    this.#durableDigest = this.#digest.toString();
    this.#ends.add(last.sequence, this.#digest);
    for (const pending of batch) {
      this.#entries.add(pending, pending.offset);
      const size = recordBytes(pending);
      if (pending.type === 'tombstone') active.tombstoneBytes += size;
      pending.resolve({ segment: active.handle, offset: pending.offset, sequence: pending.sequence, recordBytes: size });
    }
    this.#prepareStandby();
  }

  /** Headers into the slab, each led by the padding of the record before; payloads as they came. */
  #encode(batch: PendingRecord[]): Buffer[] {
    const buffers: Buffer[] = [];
    const batchFirst = this.#sequence + 1;
    let slabAt = 0;
    let paddingBytes = 0;
    let offset = this.#active.endBytes;
    batch.forEach((pending, index) => {
      pending.sequence = batchFirst + index;
      pending.batchFirst = batchFirst;
      pending.epoch = this.#active.number;
      pending.digestLow = this.#digest.low;
      pending.digestHigh = this.#digest.high;
      pending.offset = offset;
      this.#headers.fill(0, slabAt, slabAt + paddingBytes);
      this.#digest.add(encodeHeader(this.#headers, slabAt + paddingBytes, pending, this.#parts.seed));
      buffers.push(this.#headers.subarray(slabAt, slabAt + paddingBytes + pending.headerBytes));
      buffers.push(...pending.payload);
      slabAt += paddingBytes + pending.headerBytes;
      const size = recordBytes(pending);
      paddingBytes = size - pending.headerBytes - pending.payloadBytes;
      offset += size;
    });
    return buffers;
  }

  /**
   * Goes on in the next segment. The seal of the full one is durable before the first record in the next, so that
   * recovery can tell an ended segment from a broken one.
   */
  async #roll(): Promise<void> {
    const { pool, limits, table } = this.#parts;
    let next = await this.#standby;
    this.#standby = null;
    if (next === null) {
      const spare = pool.takeReady() ?? (await pool.make(limits.urgentSegmentSizeBytes)) ?? this.#reserveForDeletes();
      if (spare === null) return;
      next = await pool.activate(spare, 'log');
      await nameSegment(next);
    }
    await this.#seal();
    table.add(next);
    this.#active = next;
  }

  /** The disk is full: chunks are refused; deletes, which make room, go on in the reserve. */
  #reserveForDeletes(): { path: string; fileBytes: number } | null {
    this.#parts.condition.full();
    this.#refuse((pending) => pending.type !== 'tombstone');
    if (this.#queue.length === 0) return null;
    const spare = this.#parts.pool.takeReserve();
    if (spare === null) this.#refuse(() => true);
    return spare;
  }

  #refuse(which: (pending: PendingRecord) => boolean): void {
    const refused = this.#queue.filter(which);
    this.#queue = this.#queue.filter((pending) => !which(pending));
    for (const pending of refused) {
      this.#queuedBytes -= recordBytes(pending);
      pending.reject(new Refusal('storage-full'));
    }
  }

  async #seal(): Promise<void> {
    const active = this.#active;
    await writeSeal(active, { sequence: this.#sequence, digest: this.#digest, seed: this.#parts.seed });
    const hint: Hint = {
      role: 'log',
      endBytes: active.endBytes,
      lastBatchFirst: active.lastBatchFirst,
      digestLow: this.#digest.low,
      digestHigh: this.#digest.high,
      gaps: [],
      entries: this.#entries,
    };
    this.#parts.onSealed(active, hint, this.#ends);
    this.#entries = new HintEntries();
    this.#ends = new BatchEnds();
  }

  /** Names the next segment while there is still room in this one, so that nobody waits for it. */
  #prepareStandby(): void {
    if (this.#standby !== null || this.#active.endBytes < this.#active.fileBytes / 4) return;
    this.#standby = this.#makeStandby().catch((error: unknown) => {
      this.#fault(error);
      return null;
    });
  }

  async #makeStandby(): Promise<Segment | null> {
    const { pool, limits } = this.#parts;
    const spare = pool.takeReady() ?? (await pool.make(limits.segmentSizeBytes));
    if (spare === null) return null;
    const segment = await pool.activate(spare, 'log');
    await nameSegment(segment);
    pool.fill(1);
    return segment;
  }

  #fault(error: unknown): void {
    this.#fail(this.#parts.condition.failed(error));
  }
}

/**
 * Ends a segment for good. The seal stands for "the next batch is not here": its own first sequence is the next one,
 * so that a seal found behind broken bytes proves that these had been acknowledged.
 */
export async function writeSeal(
  segment: Segment,
  end: { sequence: number; digest: LogDigest; seed: number },
  fd = segment.openFd,
): Promise<void> {
  const bytes = Buffer.alloc(sealBytes);
  encodeHeader(
    bytes,
    0,
    {
      type: 'seal',
      kind: 'chunk',
      payloadBytes: 0,
      sequence: end.sequence,
      batchFirst: end.sequence + 1,
      epoch: segment.number,
      digestLow: end.digest.low,
      digestHigh: end.digest.high,
      id: nilUuid,
      lengthBytes: 0,
      killedSequence: 0,
      crc32c: 0,
      generation: 0,
      attempt: 0,
      origin: noOrigin,
      clusterId: null,
    },
    end.seed,
  );
  await writeAll(must(fd, 'a segment is open while it is sealed'), [bytes], segment.endBytes);
}
