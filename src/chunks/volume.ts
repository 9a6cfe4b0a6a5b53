import { assert } from '../base/assert.js';
import { BufferPool } from '../base/buffer-pool.js';
import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import type { Log } from '../base/log.js';
import { must } from '../base/must.js';
import type { Random } from '../base/random.js';
import { Semaphore } from '../base/semaphore.js';
import { TaskLoop } from '../base/task-loop.js';
import type { ChunkFacts, ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { packedSizeBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import type { IndexEntry } from './chunk-index.js';
import { DamagedCopy, openExtentReader, packedReader, readRecord, type ChunkReader } from './chunk-reader.js';
import { ChunkStore, type PutMode } from './chunk-store.js';
import { compact, type CompactionStep } from './compaction.js';
import { beginExtentFile, type ExtentRequest, type ExtentWriter } from './extent-writer.js';
import { FolderSync } from './folder-sync.js';
import { digestText } from './log-digest.js';
import { openVolumeParts, type OpenedVolume } from './open-volume.js';
import { truncateBehindSeal } from './recovery.js';
import { Scrubber, type ScrubResult } from './scrub.js';
import { volumePaths } from './volume-identity.js';
import type { VolumeLimits } from './volume-limits.js';

export interface VolumeParts {
  clock: Clock;
  random: Random;
  log: Log;
}

export interface VolumeOptions {
  path: string;
  limits: VolumeLimits;
  /**
   * Called once, when a write or a sync failed: nothing is acknowledged on this volume any more. The process reports
   * it and ends; the next start finds the volume quarantined.
   */
  onFault: (reason: Error) => void;
}

export interface StoredFacts extends ChunkFacts {
  kind: ChunkKind;
  generation: number;
  /** In a segment; else in a file of its own. */
  packed: boolean;
}

export interface PackedChunk extends ChunkFacts {
  kind: ChunkKind;
  generation: number;
  origin: ChunkOrigin;
}

export interface VolumeStatistics {
  capacityBytes: number;
  freeBytes: number;
  /** Of the whole disk, also by others. */
  usedBytes: number;
  /** Share of the disk that is in use, bytes or inodes, whichever is more. */
  fillFraction: number;
  /** Sum of the lengths of all chunks. */
  liveBytes: number;
  chunkCount: number;
  segmentCount: number;
  /** Space of sealed segments, live or not. */
  segmentBytes: number;
  logSequence: number;
  logDigest: string;
  /** Copies found unreadable in this run that were neither replaced nor deleted. */
  damagedChunks: number;
  /** Reads that found a copy unreadable or wrong, in this run. */
  damagedReads: number;
  quarantineReason: string | null;
}

/** One disk: stores chunks durably, finds them, forgets them. See README.md for the format and the laws. */
export class Volume {
  readonly #opened: OpenedVolume;
  readonly #parts: VolumeParts;
  readonly #extentsPath: string;
  readonly #store: ChunkStore;
  readonly #scrubber: Scrubber;
  readonly #fillLoop: TaskLoop;
  readonly #folderSync = new FolderSync();
  readonly #extentSyncs: Semaphore;
  readonly #extentReads: BufferPool;
  readonly #writers = new Set<ExtentWriter>();
  #compacting = false;
  #closed: Promise<void> | null = null;

  /**
   * Takes the volume for this process: locks it, raises its boot number durably, recovers what the log holds.
   * Rejects with `StartRefused` (`VolumeRefused`) when the folder is not a volume that may be used.
   */
  static async open(options: VolumeOptions, parts: VolumeParts): Promise<Volume> {
    const opened = await openVolumeParts(options, parts);
    const volume = new Volume(options, parts, opened);
    for (const request of opened.adoptions) await volume.#store.adopt(request);
    await opened.condition.measure();
    opened.pool.fill(0);
    volume.#fillLoop.start();
    return volume;
  }

  private constructor(options: VolumeOptions, parts: VolumeParts, opened: OpenedVolume) {
    const { limits, records, index, table, log, condition } = opened;
    this.#opened = opened;
    this.#parts = parts;
    this.#extentsPath = volumePaths(options.path).extents;
    this.#store = new ChunkStore({ extentsPath: this.#extentsPath, seed: records.format.recordSeed, index, table, log, condition });
    this.#extentSyncs = new Semaphore(limits.extentSyncsMax, limits.extentWritersMax);
    this.#extentReads = new BufferPool(limits.extentReadBytes, limits.extentReadBuffersMax);
    this.#scrubber = new Scrubber({
      index,
      open: (id) => this.openRead(id),
      onDamage: (id, entry, problem) => this.#noteDamage(id, entry, problem),
    });
    condition.whenRoomy(() => opened.pool.resume());
    const checkFill = async (): Promise<number> => {
      await condition.measure();
      return limits.fillCheckMs;
    };
    const backoff = new Backoff({ firstDelayMs: limits.fillCheckMs, maxDelayMs: limits.fillCheckMs * 10 }, parts.random);
    this.#fillLoop = new TaskLoop({ name: 'disk fill', work: checkFill }, { clock: parts.clock, log: parts.log, backoff });
  }

  get nodeId(): string {
    return this.#opened.records.format.nodeId;
  }

  get boot(): number {
    return this.#opened.records.boot;
  }

  /** Null until a cluster adopts the volume. */
  get clusterId(): string | null {
    return this.#opened.records.format.clusterId;
  }

  /** The highest reign that was accepted, also by earlier processes. */
  get reign(): { epoch: number; id: string } | null {
    return this.#opened.records.reign;
  }

  get condition(): 'open' | 'read-only' | 'quarantined' {
    return this.#opened.condition.value;
  }

  get statistics(): VolumeStatistics {
    const { index, table, log, condition } = this.#opened;
    const { capacityBytes, freeBytes, fraction } = condition.fill;
    const segments = table.all();
    return {
      capacityBytes,
      freeBytes,
      usedBytes: capacityBytes - freeBytes,
      fillFraction: fraction,
      liveBytes: index.liveBytes,
      chunkCount: index.count,
      segmentCount: segments.length,
      segmentBytes: segments.reduce((sum, segment) => sum + (segment === log.active ? 0 : segment.fileBytes), 0),
      logSequence: log.sequence,
      logDigest: log.digest,
      damagedChunks: this.#store.damagedChunks,
      damagedReads: this.#store.damagedReads,
      quarantineReason: condition.quarantineReason,
    };
  }

  /** The digest of the log when its last sequence was `sequence`, or null: this volume never said so, or long ago. */
  digestAt(sequence: number): string | null {
    if (sequence === 0) return digestText(0, 0);
    return this.#opened.log.digestInActive(sequence) ?? this.#opened.settler.findDigest(sequence);
  }

  /** Joins a cluster, once. Refused in another one (cluster-foreign). */
  adopt(clusterId: string): Promise<void> {
    return this.#opened.condition.outward(this.#opened.records.adopt(clusterId));
  }

  /** Remembers the highest reign, durably, before it is obeyed. False: a higher one is known, or another of the same epoch. */
  acceptReign(reign: { epoch: number; id: string }): Promise<boolean> {
    return this.#opened.condition.outward(this.#opened.records.acceptReign(reign));
  }

  facts(id: string): StoredFacts | null {
    const entry = this.#opened.index.find(id);
    if (entry === null) return null;
    const { lengthBytes, crc32c, kind, generation } = entry;
    return { id, lengthBytes, crc32c, kind, generation, packed: !entry.extent };
  }

  /** Up to `limit` chunks after `afterId`, ascending by id. */
  ids(afterId: string | null, limit: number): ChunkFacts[] {
    return this.#opened.index.idsAfter(afterId, limit);
  }

  /**
   * Stores a chunk of up to 256 KiB; durable when it resolves. The buffers must not change until then.
   * Refused: chunk-length-wrong, chunk-crc-wrong, chunk-conflict, object-exists, storage-full, node-closed, slow-down.
   */
  async putPacked(chunk: PackedChunk, bytes: Buffer[], mode: PutMode): Promise<'stored' | 'repeated'> {
    const { condition } = this.#opened;
    condition.checkTrusted();
    let lengthBytes = 0;
    let crc = 0;
    for (const piece of bytes) {
      lengthBytes += piece.length;
      crc = crc32c(piece, crc);
    }
    if (lengthBytes !== chunk.lengthBytes) throw new Refusal('chunk-length-wrong');
    if (crc !== chunk.crc32c) throw new Refusal('chunk-crc-wrong');
    assert(lengthBytes <= packedSizeBytesMax, 'a larger chunk is an extent');
    const { id, kind, generation, origin } = chunk; // named one by one: copying an object's properties costs much more
    try {
      return await this.#store.put(
        { type: 'packed', kind, id, payload: bytes, lengthBytes, crc32c: crc, generation, origin, killedSequence: 0, attempt: 0 },
        mode,
      );
    } catch (error) {
      throw condition.outwardError(error);
    }
  }

  /**
   * Begins a larger chunk. Of writers that race for one id, the first to seal wins.
   * Refused: object-exists, storage-full, node-closed, slow-down.
   */
  async beginExtent(chunk: ExtentRequest, mode: PutMode): Promise<ExtentWriter> {
    const { condition, index, limits, records } = this.#opened;
    condition.checkTrusted();
    condition.checkRoom();
    if (mode === 'exclusive' && index.find(chunk.id) !== null) throw new Refusal('object-exists');
    if (this.#writers.size >= limits.extentWritersMax) throw new Refusal('slow-down');
    const attempt = Math.max(1, this.#parts.random.bytes(4).readUInt32LE(0));
    const writer = await condition.outward(
      beginExtentFile(chunk, attempt, {
        extentsPath: this.#extentsPath,
        seed: records.format.recordSeed,
        gatherBytes: limits.extentGatherBytes,
        clusterId: this.clusterId,
        folderSync: this.#folderSync,
        syncs: this.#extentSyncs,
        condition,
        commit: (facts) => this.#store.put({ type: 'extent', ...chunk, ...facts, payload: [], killedSequence: 0, attempt }, mode),
        onEnd: (ended) => this.#writers.delete(ended),
      }),
    );
    this.#writers.add(writer);
    return writer;
  }

  /** Opens a chunk for reading. Refused: chunk-unknown; chunk-damaged when this copy cannot be read. */
  async openRead(id: string): Promise<ChunkReader> {
    const { index, table, records } = this.#opened;
    let failed: { entry: IndexEntry; problem: DamagedCopy } | null = null;
    for (;;) {
      const entry = index.find(id);
      if (entry === null) throw new Refusal('chunk-unknown');
      // Compaction may have moved the chunk while it was read: only a second failure at the same place counts.
      if (failed !== null && failed.entry.segment === entry.segment && failed.entry.offset === entry.offset) {
        this.#noteDamage(id, entry, failed.problem.message);
        throw new Refusal('chunk-damaged');
      }
      try {
        const found = await readRecord(table, id, entry, { seed: records.format.recordSeed, headerOnly: entry.extent });
        if (found === null) continue;
        if (!entry.extent) return packedReader({ id, lengthBytes: entry.lengthBytes, crc32c: entry.crc32c }, found.payload);
        return await openExtentReader(found.record, {
          extentsPath: this.#extentsPath,
          buffers: this.#extentReads,
          onDamage: (problem) => this.#noteDamage(id, entry, problem.message),
        });
      } catch (error) {
        if (!(error instanceof DamagedCopy)) throw error;
        failed = { entry, problem: error };
      }
    }
  }

  /** Forgets a chunk, durably. False when there is none. Works on a full disk, too. */
  delete(id: string): Promise<boolean> {
    return this.#opened.condition.outward(this.#store.delete(id));
  }

  /**
   * One round of compaction, step by step: whoever drives it may stop at any step, as a crash would. Nothing is
   * yielded when there is nothing worth doing, or while another round runs.
   */
  async *compaction(): AsyncGenerator<CompactionStep, void> {
    const { limits, table, pool, index, log, settler, condition, records } = this.#opened;
    if (this.#compacting || this.#closed !== null || condition.value === 'quarantined') return;
    this.#compacting = true;
    try {
      await settler.finish();
      yield* compact({
        limits,
        seed: records.format.recordSeed,
        table,
        pool,
        index,
        active: () => log.active,
        isSettled: (segment) => segment !== log.active && !settler.has(segment),
        onDamaged: (id, entry) => this.#noteDamage(id, entry, 'found by compaction'),
      });
    } catch (error) {
      condition.writeFailed(error);
    } finally {
      this.#compacting = false;
    }
  }

  /** One round of compaction. False when there was nothing worth doing. */
  async compactOnce(): Promise<boolean> {
    let worked = false;
    for await (const step of this.compaction()) worked ||= step === 'released';
    if (worked) await this.#opened.condition.measure();
    return worked;
  }

  /** Reads the next chunks of the walk over the whole volume, about `budgetBytes` of them. */
  scrubOnce(budgetBytes: number, signal?: AbortSignal): Promise<ScrubResult> {
    return this.#scrubber.once(budgetBytes, signal);
  }

  /** Reads one chunk whole. */
  verify(id: string): Promise<'sound' | 'damaged' | 'unknown'> {
    return this.#scrubber.verify(id);
  }

  /** A person trusts the disk again: scrub the whole volume before. Refused after a fault in this run (node-closed). */
  clearQuarantine(): Promise<void> {
    return this.#opened.condition.clearQuarantine();
  }

  /** Resolves when no segment is being written ahead in the background: from then on the disk is the writers' alone. */
  async writtenAhead(): Promise<void> {
    await this.#opened.log.standbyReady();
    await this.#opened.pool.idle();
  }

  /**
   * Ends cleanly: what was accepted is durable, half-written chunks are gone, the log is sealed. On a disk that fails
   * meanwhile it ends all the same; `onFault` has told.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { condition, log, table, lock } = this.#opened;
    condition.close();
    await this.#fillLoop.stop();
    await Promise.all([...this.#writers].map((writer) => writer.abort()));
    await this.#store.idle();
    try {
      await this.#sealAndSettle();
    } catch (error) {
      condition.writeFailed(error);
    } finally {
      await log.release();
      table.closeAll();
      lock.release();
    }
  }

  async #sealAndSettle(): Promise<void> {
    const { condition, log, pool, settler, records } = this.#opened;
    await log.close();
    await pool.close();
    await settler.finish();
    if (condition.fault !== null) return;
    await truncateBehindSeal(log.active, must(log.active.openFd, 'the active segment is open'));
    if (settler.isSettled) await records.markClean();
  }

  #noteDamage(id: string, entry: IndexEntry, problem: string): void {
    if (!this.#store.noteDamage(id, entry)) return;
    this.#parts.log.error({ chunk: id, offset: entry.offset, problem }, 'a copy is damaged');
  }
}
