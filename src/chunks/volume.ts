import { unlink } from 'node:fs/promises';
import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import type { Log } from '../base/log.js';
import { must } from '../base/must.js';
import type { Random } from '../base/random.js';
import { Semaphore } from '../base/semaphore.js';
import { TaskLoop } from '../base/task-loop.js';
import type { ChunkFacts, ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { Refusal } from '../model/refusal.js';
import type { ChunkIndex, IndexEntry, Place } from './chunk-index.js';
import { ChunkLog, type Appended, type LogRequest } from './chunk-log.js';
import { DamagedCopy, openExtentReader, packedReader, readRecord, type ChunkReader } from './chunk-reader.js';
import { compact, type CompactionStep } from './compaction.js';
import type { BatchEnds, DigestHistory } from './digest-history.js';
import { isFullError } from './disk-error.js';
import { measureFill, nextFillLevel, type DiskFill, type FillLevel } from './disk-fill.js';
import { extentPath } from './extent-file.js';
import { beginExtentFile, type ExtentRequest, type ExtentWriter } from './extent-writer.js';
import { FolderSync } from './folder-sync.js';
import { writeHint, type Hint } from './hint-file.js';
import { digestText } from './log-digest.js';
import { openParts, type OpenedVolume } from './open-volume.js';
import { removeQuarantine, writeQuarantine, type QuarantineMarker } from './quarantine.js';
import { noOrigin, recordBytes, roundUp } from './record.js';
import { truncateBehindSeal } from './recovery.js';
import { Scrubber, type ScrubResult } from './scrub.js';
import { segmentBaseName, type Segment } from './segment.js';
import type { SegmentPool } from './segment-pool.js';
import type { SegmentTable } from './segment-table.js';
import { volumePaths, writeFormat, writeState, type VolumeFormat, type VolumeState } from './volume-identity.js';
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

export type PutMode = 'repeatable' | 'exclusive';

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
  readonly nodeId: string;
  readonly boot: number;
  readonly #options: VolumeOptions;
  readonly #parts: VolumeParts;
  readonly #limits: VolumeLimits;
  readonly #paths: ReturnType<typeof volumePaths>;
  readonly #lock: { release: () => void };
  readonly #index: ChunkIndex;
  readonly #table: SegmentTable;
  readonly #pool: SegmentPool;
  readonly #history: DigestHistory;
  readonly #log: ChunkLog;
  readonly #scrubber: Scrubber;
  readonly #fillLoop: TaskLoop;
  readonly #folderSync = new FolderSync();
  readonly #extentSyncs: Semaphore;
  /** Ids whose fate is being decided, and when it will be. */
  readonly #claims = new Map<string, Promise<void>>();
  readonly #writers = new Set<ExtentWriter>();
  /** Sealed segments whose hint is not on disk yet. */
  readonly #unsettled = new Map<Segment, { hint: Hint; ends: BatchEnds }>();
  readonly #settling = new Set<Promise<void>>();
  #warm: Segment[] = [];
  #format: VolumeFormat;
  #state: VolumeState;
  #stateTurn: Promise<unknown> = Promise.resolve();
  #quarantine: QuarantineMarker | null;
  #fill: DiskFill;
  #level: FillLevel = 'roomy';
  #fault: Error | null = null;
  #closing = false;
  #compacting = false;
  #damagedChunks = 0;
  #damagedReads = 0;

  /**
   * Takes the volume for this process: locks it, raises its boot number durably, recovers what the log holds.
   * Rejects with `VolumeRefused` when the folder is not a volume that may be used.
   */
  static async open(options: VolumeOptions, parts: VolumeParts): Promise<Volume> {
    // The log reports to the volume that is built around it; before there is one, an error fails the opening itself.
    const holder: { volume: Volume | null } = { volume: null };
    const opened = await openParts(options, parts, {
      onFault: (error) => {
        if (holder.volume !== null) holder.volume.#onFault(error);
      },
      onFull: () => {
        if (holder.volume !== null) holder.volume.#onFull();
      },
      onSealed: (segment, hint, ends) => {
        if (holder.volume !== null) holder.volume.#onSealed(segment, hint, ends);
      },
      clusterId: () => holder.volume?.clusterId ?? null,
    });
    const volume = new Volume(options, parts, opened);
    holder.volume = volume;
    await volume.#start(opened.adoptions);
    return volume;
  }

  private constructor(options: VolumeOptions, parts: VolumeParts, opened: OpenedVolume) {
    this.#options = options;
    this.#parts = parts;
    this.#limits = opened.limits;
    this.#paths = volumePaths(options.path);
    this.#lock = opened.lock;
    this.nodeId = opened.format.nodeId;
    this.boot = opened.state.boot;
    this.#format = opened.format;
    this.#state = opened.state;
    this.#quarantine = opened.quarantine;
    this.#fill = opened.fill;
    this.#index = opened.index;
    this.#table = opened.table;
    this.#pool = opened.pool;
    this.#history = opened.history;
    this.#log = opened.log;
    this.#extentSyncs = new Semaphore(this.#limits.extentSyncsMax, this.#limits.extentWritersMax);
    this.#scrubber = new Scrubber({
      index: this.#index,
      open: (id) => this.openRead(id),
      onDamage: (id, problem) => this.#onDamage(id, this.#index.find(id), problem),
    });
    this.#fillLoop = new TaskLoop(
      { name: 'disk fill', work: () => this.#checkFill() },
      {
        clock: parts.clock,
        log: parts.log,
        backoff: new Backoff({ firstDelayMs: this.#limits.fillCheckMs, maxDelayMs: this.#limits.fillCheckMs * 10 }, parts.random),
      },
    );
  }

  get clusterId(): string | null {
    return this.#format.clusterId;
  }

  /** The highest reign that was accepted, also by earlier processes. */
  get reign(): { epoch: number; id: string } | null {
    return this.#state.reign;
  }

  get condition(): 'open' | 'read-only' | 'quarantined' {
    if (this.#fault !== null || this.#quarantine !== null) return 'quarantined';
    return this.#level === 'full' ? 'read-only' : 'open';
  }

  get statistics(): VolumeStatistics {
    const segments = this.#table.all();
    return {
      capacityBytes: this.#fill.capacityBytes,
      freeBytes: this.#fill.freeBytes,
      usedBytes: this.#fill.capacityBytes - this.#fill.freeBytes,
      fillFraction: this.#fill.fraction,
      liveBytes: this.#index.liveBytes,
      chunkCount: this.#index.count,
      segmentCount: segments.length,
      segmentBytes: segments.reduce((sum, segment) => sum + (segment === this.#log.active ? 0 : segment.fileBytes), 0),
      logSequence: this.#log.sequence,
      logDigest: this.#log.digest,
      damagedChunks: this.#damagedChunks,
      damagedReads: this.#damagedReads,
      quarantineReason: this.#fault?.message ?? this.#quarantine?.reason ?? null,
    };
  }

  /** The digest of the log when its last sequence was `sequence`, or null: this volume never said so, or long ago. */
  digestAt(sequence: number): string | null {
    if (sequence === 0) return digestText(0, 0);
    const recent = this.#log.digestInActive(sequence);
    if (recent !== null) return recent;
    for (const { ends } of this.#unsettled.values()) {
      const found = ends.find(sequence);
      if (found !== null) return found;
    }
    return this.#history.find(sequence);
  }

  /** Joins a cluster, once. */
  async adopt(clusterId: string): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#format.clusterId === clusterId) return;
      if (this.#format.clusterId !== null) throw new Refusal('cluster-foreign');
      const format = { ...this.#format, clusterId };
      await this.#withReserve(() => writeFormat(this.#options.path, format));
      this.#format = format;
    });
  }

  /** Remembers the highest reign, durably, before it is obeyed. False: a higher one is known, or another of the same epoch. */
  acceptReign(reign: { epoch: number; id: string }): Promise<boolean> {
    return this.#inTurn(async () => {
      const known = this.#state.reign;
      if (known !== null && reign.epoch <= known.epoch) return reign.epoch === known.epoch && reign.id === known.id;
      await this.#saveState({ ...this.#state, reign: { epoch: reign.epoch, id: reign.id } });
      return true;
    });
  }

  facts(id: string): StoredFacts | null {
    const entry = this.#index.find(id);
    if (entry === null) return null;
    const { lengthBytes, crc32c, kind, generation } = entry;
    return { id, lengthBytes, crc32c, kind, generation, packed: !entry.extent };
  }

  /** Up to `limit` chunks after `afterId`, ascending by id. */
  ids(afterId: string | null, limit: number): ChunkFacts[] {
    return this.#index.idsAfter(afterId, limit);
  }

  /**
   * Stores a chunk of up to 256 KiB; durable when it resolves. `repeatable`: equal facts under the id are `repeated`,
   * others are refused (chunk-conflict). `exclusive`: whatever stands under the id refuses it (object-exists).
   * The buffers must not change until it resolves.
   */
  async putPacked(chunk: PackedChunk, bytes: Buffer[], mode: PutMode): Promise<'stored' | 'repeated'> {
    this.#checkTrusted();
    let lengthBytes = 0;
    let crc = 0;
    for (const piece of bytes) {
      lengthBytes += piece.length;
      crc = crc32c(piece, crc);
    }
    if (lengthBytes !== chunk.lengthBytes) throw new Refusal('chunk-length-wrong');
    if (crc !== chunk.crc32c) throw new Refusal('chunk-crc-wrong');
    return this.#claimed(chunk.id, () => this.#store({ type: 'packed', ...chunk, payload: bytes, killedSequence: 0, attempt: 0 }, mode));
  }

  /** Begins a larger chunk. Of writers that race for one id, the first to seal wins. */
  async beginExtent(chunk: ExtentRequest, mode: PutMode): Promise<ExtentWriter> {
    this.#checkTrusted();
    this.#checkRoom();
    if (mode === 'exclusive' && this.#index.find(chunk.id) !== null) throw new Refusal('object-exists');
    if (this.#writers.size >= this.#limits.extentWritersMax) throw new Refusal('slow-down');
    const attempt = Math.max(1, this.#parts.random.bytes(4).readUInt32LE(0));
    const writer = await this.#outward(
      beginExtentFile(chunk, attempt, {
        extentsPath: this.#paths.extents,
        seed: this.#format.recordSeed,
        gatherBytes: this.#limits.extentGatherBytes,
        clusterId: this.clusterId,
        folderSync: this.#folderSync,
        syncs: this.#extentSyncs,
        checkOpen: () => this.#checkTrusted(),
        onFull: () => this.#onFull(),
        onFault: (error) => this.#onFault(error),
        commit: (facts) =>
          this.#claimed(chunk.id, () => this.#store({ type: 'extent', ...chunk, ...facts, payload: [], killedSequence: 0, attempt }, mode)),
        onEnd: (ended) => this.#writers.delete(ended),
      }),
    );
    this.#writers.add(writer);
    return writer;
  }

  /** Opens a chunk for reading. Refused: chunk-unknown; chunk-damaged when this copy cannot be read. */
  async openRead(id: string): Promise<ChunkReader> {
    let failed: (Place & { problem: DamagedCopy }) | null = null;
    for (;;) {
      const entry = this.#index.find(id);
      if (entry === null) throw new Refusal('chunk-unknown');
      // Compaction may have moved the chunk while it was read: only a second failure at the same place is one.
      if (failed !== null && failed.segment === entry.segment && failed.offset === entry.offset) {
        this.#onDamage(id, entry, failed.problem.message);
        throw new Refusal('chunk-damaged');
      }
      try {
        const found = await readRecord(this.#table, id, entry, { seed: this.#format.recordSeed, headerOnly: entry.extent });
        if (found === null) continue;
        if (!entry.extent) return packedReader({ id, lengthBytes: entry.lengthBytes, crc32c: entry.crc32c }, found.payload);
        return await openExtentReader(this.#paths.extents, found.record, (problem) => this.#onDamage(id, entry, problem.message));
      } catch (error) {
        if (!(error instanceof DamagedCopy)) throw error;
        failed = { segment: entry.segment, offset: entry.offset, problem: error };
      }
    }
  }

  /** Forgets a chunk, durably. False when there is none. Works on a full disk, too. */
  delete(id: string): Promise<boolean> {
    return this.#claimed(id, async () => {
      if (this.#fault !== null || this.#closing) throw new Refusal('node-closed');
      const entry = this.#index.find(id);
      if (entry === null) return false;
      const header = await this.#headerOf(id, entry);
      await this.#append(tombstone(id, entry.kind, header?.sequence ?? 0));
      await this.#forget(id, header);
      return true;
    });
  }

  /**
   * One round of compaction, step by step: the caller drives it, and may stop to drive it at any step as a crash
   * would. Nothing is yielded when there is nothing worth doing, or when another round runs.
   */
  async *compaction(): AsyncGenerator<CompactionStep, void> {
    if (this.#compacting || this.#closing || this.condition === 'quarantined') return;
    this.#compacting = true;
    try {
      await this.#settleAll();
      yield* compact({
        limits: this.#limits,
        seed: this.#format.recordSeed,
        table: this.#table,
        pool: this.#pool,
        index: this.#index,
        active: () => this.#log.active,
        isSettled: (segment) => segment !== this.#log.active && !this.#unsettled.has(segment),
        onDamaged: (entry, segment) =>
          this.#onDamage(
            entry.id,
            { ...must(this.#index.find(entry.id), 'a live entry'), segment: segment.handle, offset: entry.offset },
            'found by compaction',
          ),
      });
    } catch (error) {
      if (isFullError(error)) this.#onFull();
      else this.#onFault(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#compacting = false;
    }
  }

  /** One round of compaction. False when there was nothing worth doing. */
  async compactOnce(): Promise<boolean> {
    let worked = false;
    for await (const step of this.compaction()) worked ||= step === 'released';
    if (worked) await this.#checkFill();
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

  /**
   * A person trusts the disk again. Refused after a fault in this run (node-closed): what the kernel dropped is only
   * seen by a new start. Scrub the volume before.
   */
  async clearQuarantine(): Promise<void> {
    if (this.#fault !== null) throw new Refusal('node-closed', 'the disk failed since the last start: start the datanode again first');
    await removeQuarantine(this.#paths.quarantine);
    this.#quarantine = null;
  }

  /** Ends cleanly: what was accepted is durable, half-written chunks are gone, the log is sealed. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#fillLoop.stop();
    await Promise.all([...this.#writers].map((writer) => writer.abort()));
    await Promise.all(this.#claims.values());
    const { active } = this.#log;
    await this.#log.close();
    await this.#pool.close();
    await Promise.all(this.#settling);
    if (this.#fault === null) {
      await truncateBehindSeal(active, must(active.openFd, 'the active segment is open'));
      await this.#inTurn(() => this.#saveState({ ...this.#state, clean: this.#unsettled.size === 0 }));
    }
    this.#table.closeAll();
    this.#lock.release();
  }

  async #start(adoptions: LogRequest[]): Promise<void> {
    for (const request of adoptions) await this.#claimed(request.id, () => this.#store(request, 'repeatable', { adopting: true }));
    await this.#checkFill();
    this.#pool.fill(0);
    this.#fillLoop.start();
  }

  /** Decides, holding the claim on the id, what becomes of a chunk, and puts its record into the log. */
  async #store(request: LogRequest, mode: PutMode, how = { adopting: false }): Promise<'stored' | 'repeated'> {
    const { id } = request;
    const existing = this.#index.find(id);
    if (existing !== null) {
      if (mode === 'exclusive') throw new Refusal('object-exists');
      if (existing.lengthBytes !== request.lengthBytes || existing.crc32c !== request.crc32c) throw new Refusal('chunk-conflict');
      if (!existing.damaged) return 'repeated';
    }
    if (!how.adopting) {
      this.#checkTrusted();
      this.#checkRoom();
    }
    if (existing === null) {
      this.#enter(request, await this.#append(request));
      return 'stored';
    }
    // A good copy replaces a bad one: the tombstone names the old record, so that none is ever left that nobody names.
    const header = await this.#headerOf(id, existing);
    const killed = this.#append(tombstone(id, existing.kind, header?.sequence ?? 0));
    const stored = this.#append(request);
    await killed;
    const place = await stored;
    await this.#forget(id, header);
    this.#enter(request, place);
    return 'stored';
  }

  #enter(request: LogRequest, place: Appended): void {
    const { id, lengthBytes, crc32c, generation, kind } = request;
    this.#index.set(id, {
      segment: place.segment,
      offset: place.offset,
      lengthBytes,
      crc32c,
      generation,
      kind,
      extent: request.type === 'extent',
      damaged: false,
    });
    this.#table.get(place.segment).liveBytes += place.recordBytes;
  }

  /** Takes a chunk out of index and accounts after its tombstone is durable; an extent's file goes then. */
  async #forget(
    id: string,
    header: { sequence: number; headerBytes: number; payloadBytes: number; attempt: number } | null,
  ): Promise<void> {
    const entry = must(this.#index.find(id), 'the chunk whose claim is held');
    const segment = this.#table.get(entry.segment);
    const guessedBytes = roundUp(128 + (entry.extent ? 0 : entry.lengthBytes));
    segment.liveBytes = Math.max(0, segment.liveBytes - (header === null ? guessedBytes : recordBytes(header)));
    if (entry.damaged) {
      this.#damagedChunks -= 1;
      if (!entry.extent) segment.damagedRecords -= 1;
    }
    this.#index.remove(id);
    if (!entry.extent || header === null) return;
    // The chunk is gone by the log already; a file that stays is removed by the next start.
    await unlink(extentPath(this.#paths.extents, id, header.attempt)).catch(() => undefined);
  }

  /** The header of a chunk's record; null when it cannot be read. */
  async #headerOf(
    id: string,
    entry: IndexEntry,
  ): Promise<{ sequence: number; headerBytes: number; payloadBytes: number; attempt: number } | null> {
    let place: IndexEntry | null = entry;
    while (place !== null) {
      try {
        const found = await readRecord(this.#table, id, place, { seed: this.#format.recordSeed, headerOnly: true });
        if (found !== null) return found.record;
      } catch (error) {
        if (error instanceof DamagedCopy) return null;
        throw error;
      }
      place = this.#index.find(id);
    }
    return null;
  }

  async #append(request: LogRequest): Promise<Appended> {
    return this.#outward(this.#log.append(request));
  }

  /** Runs `work` when nobody else decides about this id. */
  async #claimed<T>(id: string, work: () => Promise<T>): Promise<T> {
    for (let other = this.#claims.get(id); other !== undefined; other = this.#claims.get(id)) await other;
    const deciding = work().finally(() => this.#claims.delete(id));
    this.#claims.set(
      id,
      deciding.then(
        () => undefined,
        () => undefined,
      ),
    );
    return deciding;
  }

  #checkTrusted(): void {
    if (this.#closing || this.condition === 'quarantined') throw new Refusal('node-closed');
  }

  #checkRoom(): void {
    if (this.#level === 'full') throw new Refusal('storage-full');
  }

  /** A fault of the disk is, to whoever asks, a node that takes nothing. */
  async #outward<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error === this.#fault) throw new Refusal('node-closed', 'the disk of this node failed');
      throw error;
    }
  }

  #onDamage(id: string, entry: IndexEntry | null, problem: string): void {
    this.#damagedReads += 1;
    if (entry === null || !this.#index.markDamaged(id, entry)) return;
    this.#damagedChunks += 1;
    const segment = this.#table.get(entry.segment);
    if (!entry.extent) segment.damagedRecords += 1;
    this.#parts.log.error({ chunk: id, segment: segment.path, offset: entry.offset, problem }, 'a copy is damaged');
  }

  /** The error law: no second try, no acknowledgement, no more writes, a mark on the disk as far as it still takes one. */
  #onFault(error: Error): Error {
    if (this.#fault !== null) return this.#fault;
    this.#fault = error;
    this.#log.fail(error);
    this.#parts.log.fatal({ err: error }, 'the disk failed: the volume takes nothing any more');
    const marker = { reason: `write or sync failed: ${error.message}`, sinceMs: this.#parts.clock.wallMs() };
    void this.#mark(marker);
    this.#options.onFault(error);
    return error;
  }

  async #mark(marker: QuarantineMarker): Promise<void> {
    try {
      await writeQuarantine(this.#paths.quarantine, marker);
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'the quarantine marker could not be written');
    }
  }

  #onFull(): void {
    if (this.#level !== 'full') this.#parts.log.warn('the disk is full: the volume is read-only');
    this.#level = 'full';
  }

  async #checkFill(): Promise<number> {
    this.#fill = await measureFill(this.#options.path);
    const level = nextFillLevel(this.#level, this.#fill.fraction, this.#limits);
    if (level !== this.#level)
      this.#parts.log.warn({ from: this.#level, to: level, fraction: this.#fill.fraction }, 'the fill level of the disk changed');
    this.#level = level;
    if (level !== 'full') this.#pool.resume();
    return this.#limits.fillCheckMs;
  }

  #onSealed(segment: Segment, hint: Hint, ends: BatchEnds): void {
    this.#unsettled.set(segment, { hint, ends });
    this.#warm.push(segment);
    // Written in this run, but long enough ago to be out of the page cache: reads go through the thread pool.
    if (this.#warm.length > 1) must(this.#warm.shift(), 'a warm segment').warm = false;
    const settling = this.#settle(segment, hint, ends).finally(() => this.#settling.delete(settling));
    this.#settling.add(settling);
  }

  /** Digests first: a segment with a hint may go, and they must outlive it. */
  async #settle(segment: Segment, hint: Hint, ends: BatchEnds): Promise<void> {
    if (this.#fault !== null) return;
    try {
      await this.#withReserve(async () => {
        await this.#history.add(segmentBaseName(segment.number), ends);
        await writeHint(segment, hint);
      });
      this.#unsettled.delete(segment);
    } catch (error) {
      if (isFullError(error)) this.#onFull();
      else this.#onFault(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #settleAll(): Promise<void> {
    await Promise.all(this.#settling);
    for (const [segment, { hint, ends }] of this.#unsettled) await this.#settle(segment, hint, ends);
  }

  /** Small files of the volume itself must get through on a full disk: they may use up a part of the reserve. */
  async #withReserve<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isFullError(error)) throw error;
      this.#onFull();
      if (!(await this.#pool.freeReserve())) throw error;
      return work();
    }
  }

  async #saveState(state: VolumeState): Promise<void> {
    try {
      await this.#withReserve(() => writeState(this.#options.path, state));
    } catch (error) {
      throw isFullError(error) ? new Refusal('storage-full') : this.#onFault(error instanceof Error ? error : new Error(String(error)));
    }
    this.#state = state;
  }

  /** Changes of the volume's own files come one after the other. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#stateTurn.then(work, work);
    this.#stateTurn = turn.catch(() => undefined);
    return turn;
  }
}

function tombstone(id: string, kind: ChunkKind, killedSequence: number): LogRequest {
  return {
    type: 'tombstone',
    kind,
    id,
    payload: [],
    lengthBytes: 0,
    killedSequence,
    crc32c: 0,
    generation: 0,
    attempt: 0,
    origin: noOrigin,
  };
}
