import { errorCode } from './disk-error.js';
import { readFully } from './positioned-io.js';
import type { DecodedRecord } from './record.js';
import { decodeHeader, looksLikeRecord, payloadMatches, recordAlignmentBytes, recordBytes, recordBytesMax } from './record.js';
import { segmentHeadBytes, type Gap } from './segment.js';

const windowBytes = 4 * 1024 * 1024;
const pageBytes = 4096;

/** A segment read from front to back in large pieces; each record is seen whole. */
export class SegmentWindow {
  readonly fileBytes: number;
  /** Bytes that the disk refused to give (EIO); they are read as zeros. */
  unreadableBytes = 0;
  readonly #fd: number;
  readonly #buffer: Buffer;
  #startBytes = 0;
  #filledBytes = 0;

  constructor(fd: number, fileBytes: number) {
    this.#fd = fd;
    this.fileBytes = fileBytes;
    this.#buffer = Buffer.allocUnsafe(Math.min(fileBytes, windowBytes));
  }

  /** The bytes from `offset` on: at least the largest record, unless the file ends. Valid until the next call. */
  async from(offset: number): Promise<Buffer> {
    const wantedEnd = Math.min(this.fileBytes, offset + recordBytesMax);
    if (offset < this.#startBytes || wantedEnd > this.#startBytes + this.#filledBytes) await this.#load(offset);
    return this.#buffer.subarray(offset - this.#startBytes, this.#filledBytes);
  }

  async #load(offset: number): Promise<void> {
    this.#startBytes = offset;
    const target = this.#buffer.subarray(0, Math.min(this.#buffer.length, this.fileBytes - offset));
    try {
      this.#filledBytes = await readFully(this.#fd, target, offset);
    } catch (error) {
      if (errorCode(error) !== 'EIO') throw error;
      this.#filledBytes = target.length;
      await this.#loadPages(target, offset);
    }
  }

  async #loadPages(target: Buffer, offset: number): Promise<void> {
    target.fill(0);
    for (let at = 0; at < target.length; at += pageBytes) {
      const page = target.subarray(at, at + pageBytes);
      try {
        await readFully(this.#fd, page, offset + at);
      } catch (error) {
        if (errorCode(error) !== 'EIO') throw error;
        page.fill(0);
        this.unreadableBytes += page.length;
      }
    }
  }
}

interface FoundRecord {
  record: DecodedRecord;
  offset: number;
}

/** The first valid record of this epoch at `fromBytes` or behind it that `wanted` accepts. */
async function findRecord(
  window: SegmentWindow,
  fromBytes: number,
  options: { epoch: number; seed: number; wanted: (record: DecodedRecord) => boolean },
): Promise<FoundRecord | null> {
  let offset = fromBytes;
  while (offset < window.fileBytes) {
    const bytes = await window.from(offset);
    // Inside this piece every position is asked that still has the largest record behind it, or the end of the file.
    const lastPiece = offset + bytes.length >= window.fileBytes;
    const usable = lastPiece ? bytes.length : bytes.length - recordBytesMax + recordAlignmentBytes;
    let at = 0;
    for (; at < usable; at += recordAlignmentBytes) {
      if (!looksLikeRecord(bytes, at)) continue;
      const record = decodeHeader(bytes, at, options.seed);
      if (record === null || record.epoch !== options.epoch || !payloadMatches(record, bytes, at)) continue;
      if (options.wanted(record)) return { record, offset: offset + at };
    }
    offset += at;
  }
  return null;
}

/** First sequence of the last batch of which any record is valid, wherever it stands in the segment; 0 when there is none. */
export async function lastBatchFirstIn(window: SegmentWindow, options: { epoch: number; seed: number }): Promise<number> {
  let last = 0;
  let offset = segmentHeadBytes;
  for (;;) {
    const found = await findRecord(window, offset, { ...options, wanted: () => true });
    if (found === null) return last;
    last = Math.max(last, found.record.batchFirst);
    offset = found.offset + recordBytes(found.record);
  }
}

export interface SegmentScan {
  /** `seal`: whole. `torn`: the last batch was cut, nothing behind it was ever acknowledged. `damage`: bytes up to the end are lost. */
  end: 'seal' | 'torn' | 'damage';
  /** Where the records end, and the seal stands or has to be written. */
  endBytes: number;
  /** Damage that later records could be read behind, and, when it ends in damage, that too. */
  gaps: Gap[];
  lastSequence: number;
}

/**
 * Reads the records of one segment (README, recovery). `laterBatchFirst` is the first sequence of the last batch that
 * is known anywhere, in this segment or in a later one: a broken record is damage when a later batch was written
 * behind it, for only one batch is ever in flight.
 */
export async function scanSegment(
  window: SegmentWindow,
  options: {
    epoch: number;
    seed: number;
    /** Records of the log follow each other without a gap. Compacted ones stand in no order, and every break in them is damage. */
    role: 'log' | 'compacted';
    previousSequence: number;
    laterBatchFirst: number;
    onRecord: (record: DecodedRecord, offset: number) => void;
  },
): Promise<SegmentScan> {
  const { epoch, seed, role } = options;
  const gaps: Gap[] = [];
  let previous = options.previousSequence;
  let anyRecord = false;
  let offset = segmentHeadBytes;
  for (;;) {
    const bytes = await window.from(offset);
    const record = offset < window.fileBytes ? decodeHeader(bytes, 0, seed) : null;
    const follows =
      record !== null &&
      record.epoch === epoch &&
      (role === 'compacted' || followsInLog(record, previous, anyRecord)) &&
      payloadMatches(record, bytes, 0);
    if (follows && record.type === 'seal') return { end: 'seal', endBytes: offset, gaps, lastSequence: previous };
    if (follows) {
      options.onRecord(record, offset);
      previous = role === 'log' ? record.sequence : Math.max(previous, record.sequence);
      anyRecord = true;
      offset += recordBytes(record);
      continue;
    }
    const isDamage = role === 'compacted' || options.laterBatchFirst > previous + 1;
    if (!isDamage) return { end: 'torn', endBytes: offset, gaps, lastSequence: previous };
    const broken = previous;
    const next = await findRecord(window, offset + recordAlignmentBytes, {
      epoch,
      seed,
      wanted: (found) => role === 'compacted' || (found.type === 'seal' ? found.sequence >= broken : found.sequence > broken),
    });
    gaps.push({ startBytes: offset, endBytes: next?.offset ?? window.fileBytes });
    if (next === null) return { end: 'damage', endBytes: window.fileBytes, gaps, lastSequence: previous };
    offset = next.offset;
    if (role === 'log') previous = next.record.type === 'seal' ? next.record.sequence : next.record.sequence - 1;
  }
}

function followsInLog(record: DecodedRecord, previous: number, anyRecord: boolean): boolean {
  if (record.type === 'seal') return record.sequence === previous;
  // Behind what compaction took away, a segment may begin with a later sequence; inside it there are no gaps.
  return anyRecord ? record.sequence === previous + 1 : record.sequence > previous;
}
