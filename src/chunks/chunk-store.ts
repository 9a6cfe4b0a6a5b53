import { unlink } from 'node:fs/promises';
import { must } from '../base/must.js';
import type { ChunkKind } from '../model/chunk.js';
import { Refusal } from '../model/refusal.js';
import type { ChunkIndex, IndexEntry } from './chunk-index.js';
import type { ChunkLog } from './chunk-log.js';
import { DamagedCopy, readRecord } from './chunk-reader.js';
import { Claims } from './claims.js';
import type { DiskCondition } from './disk-condition.js';
import { extentPath } from './extent-file.js';
import type { Appended, LogRequest } from './log-record.js';
import { noOrigin, recordBytes, roundUp, type DecodedRecord } from './record.js';
import type { SegmentTable } from './segment-table.js';

/**
 * `repeatable`: equal facts under the id are `repeated`, others are refused (chunk-conflict). `exclusive`: whatever
 * stands under the id refuses it (object-exists). `repair`: like `repeatable`, but what has other facts is replaced.
 * Only whole and verified bytes replace anything.
 */
export type PutMode = 'repeatable' | 'exclusive' | 'repair';

interface StoreParts {
  extentsPath: string;
  seed: number;
  index: ChunkIndex;
  table: SegmentTable;
  log: ChunkLog;
  condition: DiskCondition;
}

/** What a record takes when its header cannot be read any more, so its exact size is not known. */
const guessedHeaderBytes = 128;

/** Decides what becomes of an id, one decision at a time for each, and keeps index and accounts in step with the log. */
export class ChunkStore {
  readonly #parts: StoreParts;
  readonly #claims = new Claims();
  #damagedChunks = 0;
  #damagedReads = 0;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Copies found unreadable in this run that were neither replaced nor deleted. */
  get damagedChunks(): number {
    return this.#damagedChunks;
  }

  get damagedReads(): number {
    return this.#damagedReads;
  }

  /** Puts a chunk's record into the log unless the id is taken; `stored` means that this request is the chunk now. */
  async put(request: LogRequest, mode: PutMode): Promise<'stored' | 'repeated'> {
    const { condition, index, log } = this.#parts;
    const { id } = request;
    const turn = this.#claims.take(id);
    if (turn !== null) await turn;
    try {
      const existing = index.find(id);
      if (existing !== null && isThere(existing, request, mode)) return 'repeated';
      condition.checkRoom();
      if (existing === null) this.#enter(request, await log.append(request));
      else await this.#replace(request, existing);
      return 'stored';
    } finally {
      this.#claims.release(id);
    }
  }

  /** Enters what recovery found without a record, on a volume that takes nothing else. */
  async adopt(request: LogRequest): Promise<void> {
    this.#enter(request, await this.#parts.log.append(request));
  }

  /** False when there is no such chunk. */
  async delete(id: string): Promise<boolean> {
    const { condition, index, log } = this.#parts;
    const turn = this.#claims.take(id);
    if (turn !== null) await turn;
    try {
      condition.checkWritable();
      const entry = index.find(id);
      if (entry === null) return false;
      const header = await this.#headerOf(id, entry);
      await log.append(tombstone(id, entry.kind, header));
      await this.#forget(id, header);
      return true;
    } finally {
      this.#claims.release(id);
    }
  }

  /** This copy was found unreadable at its place. It stays until it is replaced or deleted. Answers whether that is news. */
  noteDamage(id: string, entry: IndexEntry): boolean {
    this.#damagedReads += 1;
    if (!this.#parts.index.markDamaged(id, entry)) return false;
    this.#damagedChunks += 1;
    if (!entry.extent) this.#parts.table.get(entry.segment).damagedRecords += 1;
    return true;
  }

  /** Resolves when every decision that was asked for is made. */
  idle(): Promise<void> {
    return this.#claims.idle();
  }

  /** A good copy takes the place of a bad one: first in the log is the tombstone of the old record, so every dead record has one. */
  async #replace(request: LogRequest, existing: IndexEntry): Promise<void> {
    const header = await this.#headerOf(request.id, existing);
    const [, place] = await this.#parts.log.appendBoth(tombstone(request.id, existing.kind, header), request);
    await this.#forget(request.id, header);
    this.#enter(request, place);
  }

  #enter(request: LogRequest, place: Appended): void {
    const { id, lengthBytes, crc32c, generation, kind } = request;
    const { segment, offset } = place;
    this.#parts.index.set(id, {
      segment,
      offset,
      lengthBytes,
      crc32c,
      generation,
      kind,
      extent: request.type === 'extent',
      damaged: false,
    });
    this.#parts.table.get(segment).liveBytes += place.recordBytes;
  }

  /** Takes a chunk out of index and accounts after its tombstone is durable; then an extent's file goes. */
  async #forget(id: string, header: DecodedRecord | null): Promise<void> {
    const { index, table, extentsPath } = this.#parts;
    const entry = must(index.find(id), 'the chunk whose claim is held');
    const segment = table.get(entry.segment);
    const guessedBytes = roundUp(guessedHeaderBytes + (entry.extent ? 0 : entry.lengthBytes));
    segment.liveBytes = Math.max(0, segment.liveBytes - (header === null ? guessedBytes : recordBytes(header)));
    if (entry.damaged) {
      this.#damagedChunks -= 1;
      if (!entry.extent) segment.damagedRecords -= 1;
    }
    index.remove(id);
    if (!entry.extent || header === null) return;
    // By the log the chunk is gone already; a file that stays is removed by the next start.
    await unlink(extentPath(extentsPath, id, header.attempt)).catch(() => undefined);
  }

  /** The header of a chunk's record; null when it cannot be read. */
  async #headerOf(id: string, entry: IndexEntry): Promise<DecodedRecord | null> {
    const { table, index, seed } = this.#parts;
    for (let place: IndexEntry | null = entry; place !== null; place = index.find(id)) {
      try {
        const found = await readRecord(table, id, place, { seed, headerOnly: true });
        if (found !== null) return found.record; // else compaction moved it: look again
      } catch (error) {
        if (error instanceof DamagedCopy) return null;
        throw error;
      }
    }
    return null;
  }
}

/** Whether the chunk stands there already, sound. False: it has to be replaced. */
function isThere(existing: IndexEntry, request: LogRequest, mode: PutMode): boolean {
  if (mode === 'exclusive') throw new Refusal('object-exists');
  const isEqual = existing.lengthBytes === request.lengthBytes && existing.crc32c === request.crc32c;
  if (!isEqual && mode !== 'repair') throw new Refusal('chunk-conflict');
  return isEqual && !existing.damaged;
}

function tombstone(id: string, kind: ChunkKind, killed: DecodedRecord | null): LogRequest {
  return {
    type: 'tombstone',
    kind,
    id,
    payload: [],
    lengthBytes: 0,
    killedSequence: killed?.sequence ?? 0,
    crc32c: 0,
    generation: 0,
    attempt: 0,
    origin: noOrigin,
  };
}
