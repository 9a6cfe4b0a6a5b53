import { must } from '../base/must.js';
import { Refusal } from '../model/refusal.js';
import { BatchEncoder } from './batch-encoder.js';
import { BatchEnds } from './digest-history.js';
import type { DiskCondition } from './disk-condition.js';
import { HintEntries, type Hint } from './hint-file.js';
import type { LogDigest } from './log-digest.js';
import { PendingRecord, type Appended, type LogRequest } from './log-record.js';
import { NextSegment } from './next-segment.js';
import { writeAll } from './positioned-io.js';
import { sealBytes } from './record.js';
import { writeSeal } from './seal.js';
import type { Segment } from './segment.js';
import type { SegmentPool } from './segment-pool.js';
import type { SegmentTable } from './segment-table.js';
import type { VolumeLimits } from './volume-limits.js';

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

/**
 * The append log with group commit: take everything that waits, one `writev` into pre-written blocks opened with
 * O_DSYNC, answer all, repeat. One batch is in flight, and recovery relies on it. There is no timer: what arrives
 * while a batch is in flight is the next batch.
 */
export class ChunkLog {
  readonly #parts: LogParts;
  readonly #encoder: BatchEncoder;
  readonly #next: NextSegment;
  #active: Segment;
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

  constructor(parts: LogParts, start: { active: Segment; sequence: number; digest: LogDigest }) {
    this.#parts = parts;
    this.#encoder = new BatchEncoder(parts.limits, parts.seed);
    this.#next = new NextSegment(parts);
    this.#active = start.active;
    this.#sequence = start.sequence;
    this.#digest = start.digest;
    this.#durableDigest = start.digest.toString();
    parts.condition.whenFaulted((error) => this.#fail(error));
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
      this.#queuedBytes += pending.recordBytes;
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
    await this.#next.whenReady();
  }

  /** Lets go of the segment that was made ready. */
  async release(): Promise<void> {
    await this.#next.release();
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
    for (const { recordBytes } of this.#queue) {
      if (count === batchRecordsMax || bytes + recordBytes > roomBytes || (count > 0 && bytes + recordBytes > batchBytesMax)) break;
      bytes += recordBytes;
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
    try {
      const buffers = this.#encoder.encode(batch, active, this.#digest, this.#sequence + 1);
      await writeAll(must(active.openFd, 'the active segment is open'), buffers, active.endBytes);
    } catch (error) {
      this.#digest.low = low;
      this.#digest.high = high;
      this.#fault(error);
      for (const pending of batch) pending.reject(must(this.#failed, 'the fault'));
      return;
    }
    const last = must(batch.at(-1), 'a batch has records');
    active.endBytes = last.offset + last.recordBytes;
    active.noteSequence(last.batchFirst);
    active.noteSequence(last.sequence);
    active.lastBatchFirst = last.batchFirst;
    this.#sequence = last.sequence;
    this.#durableDigest = this.#digest.toString();
    this.#ends.add(last.sequence, this.#digest);
    for (const record of batch) {
      this.#entries.add(record, record.offset);
      if (record.type === 'tombstone') active.tombstoneBytes += record.recordBytes;
      record.resolve(record);
    }
    this.#next.prepareAfter(active);
  }

  /**
   * Goes on in the next segment. The seal of the full one is durable before the first record in the next, so that
   * recovery can tell an ended segment from a broken one.
   */
  async #roll(): Promise<void> {
    const next = (await this.#next.take()) ?? (await this.#inReserve());
    if (next === null) return;
    await this.#seal();
    this.#parts.table.add(next);
    this.#active = next;
  }

  /** The disk is full: chunks are refused; deletes, which make room, go on in the reserve. */
  async #inReserve(): Promise<Segment | null> {
    this.#parts.condition.full();
    this.#refuse((pending) => pending.type !== 'tombstone');
    if (this.#queue.length === 0) return null;
    const spare = this.#parts.pool.takeReserve();
    if (spare === null) this.#refuse(() => true);
    return spare === null ? null : this.#next.activate(spare);
  }

  #refuse(which: (pending: PendingRecord) => boolean): void {
    const refused = this.#queue.filter(which);
    this.#queue = this.#queue.filter((pending) => !which(pending));
    for (const pending of refused) {
      this.#queuedBytes -= pending.recordBytes;
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

  #fault(error: unknown): void {
    this.#fail(this.#parts.condition.failed(error));
  }
}
