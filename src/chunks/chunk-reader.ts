import { constants, readSync } from 'node:fs';
import type { BufferPool } from '../base/buffer-pool.js';
import type { ChunkFacts } from '../model/chunk.js';
import { blockSizeBytes } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import type { IndexEntry } from './chunk-index.js';
import { errorCode } from './disk-error.js';
import { extentHeadBytes, extentPath, readExtentFooter } from './extent-file.js';
import { closeFd, openFd, readFully } from './positioned-io.js';
import { claimedHeaderBytes, decodeHeader, payloadMatches, roundUp, type DecodedRecord } from './record.js';
import type { Segment } from './segment.js';
import type { SegmentTable } from './segment-table.js';

/** An open chunk. `release` it, also after an error. */
export interface ChunkReader {
  facts: ChunkFacts;
  /** All bytes of a packed chunk; null for an extent. */
  packed: Buffer | null;
  /** CRC32C of each block of 64 KiB of an extent; empty for a packed chunk, which was checked whole on opening. */
  blockCrcs: Uint32Array;
  /**
   * The bytes [startBytes, endBytes) widened to whole blocks. Blocks of an extent come unchecked: the caller compares
   * them with `blockCrcs` before it passes them on. Throws `chunk-damaged` when the disk cannot give them.
   */
  read(startBytes: number, endBytes: number): AsyncIterable<Buffer>;
  /** Nobody looks any more at bytes that `read` gave: their memory is used again. Not needed, but cheaper. */
  giveBack(bytes: Buffer): void;
  release(): void;
}

/** This copy cannot be read or is not what was stored. */
export class DamagedCopy extends Error {
  override readonly name = 'DamagedCopy';
}

const noBlocks = new Uint32Array(0);
/** Room for the header of a packed record with a key of ordinary length: one read then gets all. */
const headerGuessBytes = 512;

/**
 * Reads the record at a place, header and payload, and checks both. `DamagedCopy` when they are not what the index
 * says; null when compaction has released the segment: look the index up again.
 */
export async function readRecord(
  table: SegmentTable,
  id: string,
  entry: IndexEntry,
  options: { seed: number; headerOnly: boolean },
): Promise<{ record: DecodedRecord; payload: Buffer } | null> {
  const segment = table.find(entry.segment);
  if (segment === null) return null;
  try {
    const payloadBytes = entry.extent || options.headerOnly ? 0 : entry.lengthBytes;
    const bytes = readWarm(segment, entry.offset, payloadBytes) ?? (await readPinned(table, segment, entry.offset, payloadBytes));
    const record = decodeHeader(bytes, 0, options.seed);
    if (record === null || record.id !== id || record.epoch !== segment.number)
      throw new DamagedCopy(`no record of chunk ${id} at its place`);
    if (record.lengthBytes !== entry.lengthBytes || record.crc32c !== entry.crc32c) throw new DamagedCopy(`another record of chunk ${id}`);
    if (!options.headerOnly && !payloadMatches(record, bytes, 0)) throw new DamagedCopy(`wrong bytes of chunk ${id}`);
    return { record, payload: bytes.subarray(record.headerBytes, record.headerBytes + payloadBytes) };
  } catch (error) {
    throw asDamage(error);
  }
}

/** Opens what a checked record of a packed chunk holds. */
export function packedReader(facts: ChunkFacts, payload: Buffer): ChunkReader {
  return {
    facts,
    packed: payload,
    blockCrcs: noBlocks,
    async *read() {
      if (payload.length > 0) yield payload;
    },
    giveBack: () => undefined,
    release: () => undefined,
  };
}

export interface ExtentReadParts {
  extentsPath: string;
  /** What bytes are read into; a read takes a buffer of it full. Its size is a number of whole blocks. */
  buffers: BufferPool;
  /** Hears of bytes that cannot be read later. */
  onDamage: (error: DamagedCopy) => void;
}

/** Opens the file that an extent's record names; its footer is checked. */
export async function openExtentReader(record: DecodedRecord, parts: ExtentReadParts): Promise<ChunkReader> {
  const { id, lengthBytes, crc32c, attempt } = record;
  let fd: number | null = null;
  try {
    fd = await openFd(extentPath(parts.extentsPath, id, attempt), constants.O_RDONLY);
    const footer = await readExtentFooter(fd, lengthBytes);
    if (footer === null || footer.crc32c !== crc32c) throw new DamagedCopy(`the footer of chunk ${id} is broken`);
    return new ExtentReader({ id, lengthBytes, crc32c }, footer.blockCrcs, fd, parts);
  } catch (error) {
    if (fd !== null) await closeFd(fd);
    throw asDamage(error);
  }
}

class ExtentReader implements ChunkReader {
  readonly facts: ChunkFacts;
  readonly packed = null;
  readonly blockCrcs: Uint32Array;
  readonly #parts: ExtentReadParts;
  #fd: number | null;
  #reading = 0;
  #released = false;

  constructor(facts: ChunkFacts, blockCrcs: Uint32Array, fd: number, parts: ExtentReadParts) {
    this.facts = facts;
    this.blockCrcs = blockCrcs;
    this.#fd = fd;
    this.#parts = parts;
  }

  async *read(startBytes: number, endBytes: number): AsyncGenerator<Buffer> {
    const end = Math.min(this.facts.lengthBytes, Math.ceil(endBytes / blockSizeBytes) * blockSizeBytes);
    for (let at = Math.floor(startBytes / blockSizeBytes) * blockSizeBytes; at < end;) {
      const piece = await this.#readPiece(at, Math.min(this.#parts.buffers.sizeBytes, end - at));
      at += piece.length;
      yield piece;
    }
  }

  giveBack(bytes: Buffer): void {
    this.#parts.buffers.giveBack(bytes);
  }

  release(): void {
    this.#released = true;
    this.#closeWhenIdle();
  }

  async #readPiece(at: number, bytes: number): Promise<Buffer> {
    if (this.#released || this.#fd === null) throw new Error('the reader was released');
    this.#reading += 1;
    try {
      const { buffers } = this.#parts;
      // A buffer is large: what needs little of one would hold all of it while a slow reader takes its time
      const piece = bytes * 2 < buffers.sizeBytes ? Buffer.allocUnsafe(bytes) : buffers.take().subarray(0, bytes);
      if ((await readFully(this.#fd, piece, extentHeadBytes + at)) < bytes) throw new DamagedCopy(`chunk ${this.facts.id} is cut short`);
      return piece;
    } catch (error) {
      const damage = asDamage(error);
      if (!(damage instanceof DamagedCopy)) throw damage;
      this.#parts.onDamage(damage);
      throw new Refusal('chunk-damaged');
    } finally {
      this.#reading -= 1;
      this.#closeWhenIdle();
    }
  }

  #closeWhenIdle(): void {
    if (!this.#released || this.#reading > 0 || this.#fd === null) return;
    const fd = this.#fd;
    this.#fd = null;
    closeFd(fd).catch(() => undefined); // a descriptor that was only read from: nothing can be lost
  }
}

/**
 * Header and payload of a record that this run wrote a moment ago; null when it may not be in the page cache. There, a
 * copy by the kernel takes a few microseconds: asking the thread pool, and the promises around it, would take 50.
 */
function readWarm(segment: Segment, offset: number, payloadBytes: number): Buffer | null {
  const fd = segment.warm ? segment.openFd : null;
  if (fd === null) return null;
  const read = (target: Buffer): Buffer => target.subarray(0, readSync(fd, target, 0, target.length, offset));
  const bytes = read(roomFor(segment, offset, payloadBytes + headerGuessBytes));
  const neededBytes = claimedHeaderBytes(bytes) + payloadBytes;
  return neededBytes <= bytes.length ? bytes : read(roomFor(segment, offset, neededBytes));
}

async function readPinned(table: SegmentTable, segment: Segment, offset: number, payloadBytes: number): Promise<Buffer> {
  const fd = await table.pin(segment);
  const read = async (target: Buffer): Promise<Buffer> => target.subarray(0, await readFully(fd, target, offset));
  try {
    const bytes = await read(roomFor(segment, offset, payloadBytes + headerGuessBytes));
    const neededBytes = claimedHeaderBytes(bytes) + payloadBytes;
    return neededBytes <= bytes.length ? bytes : await read(roomFor(segment, offset, neededBytes));
  } finally {
    segment.unpin();
  }
}

function roomFor(segment: Segment, offset: number, wantedBytes: number): Buffer {
  return Buffer.allocUnsafe(Math.max(0, Math.min(roundUp(wantedBytes), segment.fileBytes - offset)));
}

/** EIO and a missing file mean that the copy is gone; anything else is no word about the copy. */
function asDamage(error: unknown): unknown {
  const code = errorCode(error);
  return code === 'EIO' || code === 'ENOENT' ? new DamagedCopy(`reading failed: ${code}`, { cause: error }) : error;
}
