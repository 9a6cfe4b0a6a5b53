import { readFile, rename, writeFile } from 'node:fs/promises';
import { assert } from '../base/assert.js';
import { crc32c } from '../base/crc32c.js';
import type { LoadedRecord } from './chunk-index.js';
import { readId, writeId } from './index-shard.js';
import type { DecodedRecord, RecordType } from './record.js';
import { readInteger, recordBytes, writeInteger } from './record.js';
import type { Gap, Segment, SegmentRole } from './segment.js';

/*
 * What a sealed segment holds, so that a start reads 48 bytes a record instead of the record. Never the truth: a hint
 * that is missing, broken or speaks of another end of the segment is made again from the segment.
 *
 *    0 u32 magic, 4 u32 CRC32C of 8…end, 8 u32 format, 12 u32 entries, 16 u32 gaps, 20 u32 role
 *   24 u64 segment, 32 u64 end of records, 40 u64 last first-of-batch, 48 u32+u32 digest at the end; 56 zeros up to 64
 *   then the gaps (u64 start, u64 end), then the entries, 12 words each:
 *      0-3 id, 4-5 sequence, 6 offset, 7-8 length or killed sequence, 9 CRC, 10 generation, 11 type, kind, record size
 */

const magic = 0x54_4e_48_41;
const format = 1;
const headBytes = 64;
const gapBytes = 16;
const wordsPerEntry = 12;
const entriesAtFirst = 256;
const twoTo32 = 2 ** 32;
const typeCodes: Record<RecordType, number> = { packed: 1, extent: 2, tombstone: 3, seal: 4 };

export interface HintEntry {
  id: string;
  sequence: number;
  offset: number;
  lengthBytes: number;
  killedSequence: number;
  crc32c: number;
  generation: number;
  kind: 'chunk' | 'rest';
  type: 'packed' | 'extent' | 'tombstone';
  recordBytes: number;
}

/** The entries of one segment as they are written: compact, in the order of the log. */
export class HintEntries {
  #words: Uint32Array = new Uint32Array(entriesAtFirst * wordsPerEntry);
  #count = 0;

  static over(words: Uint32Array): HintEntries {
    const entries = new HintEntries();
    entries.#words = words;
    entries.#count = words.length / wordsPerEntry;
    return entries;
  }

  get count(): number {
    return this.#count;
  }

  add(
    record: Pick<DecodedRecord, 'id' | 'sequence' | 'lengthBytes' | 'killedSequence' | 'crc32c' | 'generation' | 'kind' | 'type'> & {
      headerBytes: number;
      payloadBytes: number;
    },
    offset: number,
  ): void {
    assert(record.type !== 'seal', 'a seal is the end, not an entry');
    if ((this.#count + 1) * wordsPerEntry > this.#words.length) {
      const larger = new Uint32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    const words = this.#words;
    const base = this.#count * wordsPerEntry;
    const lengthOrKilled = record.type === 'tombstone' ? record.killedSequence : record.lengthBytes;
    writeId(words, record.id, base);
    words[base + 4] = record.sequence % twoTo32;
    words[base + 5] = Math.floor(record.sequence / twoTo32);
    words[base + 6] = offset;
    words[base + 7] = lengthOrKilled % twoTo32;
    words[base + 8] = Math.floor(lengthOrKilled / twoTo32);
    words[base + 9] = record.crc32c;
    words[base + 10] = record.generation;
    words[base + 11] = typeCodes[record.type] | (record.kind === 'rest' ? 0x10 : 0) | ((recordBytes(record) / 8) << 8);
    this.#count += 1;
  }

  at(index: number): HintEntry {
    const base = index * wordsPerEntry;
    const word = (at: number): number => this.#words[base + at]!;
    const shape = word(11);
    const lengthOrKilled = word(8) * twoTo32 + word(7);
    const type = (shape & 0xf) === typeCodes.packed ? 'packed' : (shape & 0xf) === typeCodes.extent ? 'extent' : 'tombstone';
    return {
      id: readId(this.#words, base),
      sequence: word(5) * twoTo32 + word(4),
      offset: word(6),
      lengthBytes: type === 'tombstone' ? 0 : lengthOrKilled,
      killedSequence: type === 'tombstone' ? lengthOrKilled : 0,
      crc32c: word(9),
      generation: word(10),
      kind: shape & 0x10 ? 'rest' : 'chunk',
      type,
      recordBytes: (shape >>> 8) * 8,
    };
  }

  /** As `at`, for the index: without making an object or a text of it. */
  readInto(target: LoadedRecord, index: number): void {
    const words = this.#words;
    const base = index * wordsPerEntry;
    const shape = words[base + 11]!;
    const type = shape & 0xf;
    for (let word = 0; word < 4; word += 1) target.key[word] = words[base + word]!;
    target.sequence = words[base + 5]! * twoTo32 + words[base + 4]!;
    target.offset = words[base + 6]!;
    target.tombstone = type === typeCodes.tombstone;
    target.lengthBytes = target.tombstone ? 0 : words[base + 8]! * twoTo32 + words[base + 7]!;
    target.crc32c = words[base + 9]!;
    target.generation = words[base + 10]!;
    target.kind = shape & 0x10 ? 'rest' : 'chunk';
    target.extent = type === typeCodes.extent;
    target.recordBytes = (shape >>> 8) * 8;
  }

  *[Symbol.iterator](): Generator<HintEntry> {
    for (let index = 0; index < this.#count; index += 1) yield this.at(index);
  }

  bytes(): Buffer {
    return Buffer.from(this.#words.buffer, this.#words.byteOffset, this.#count * wordsPerEntry * 4);
  }
}

/** All that is known of a sealed segment. */
export interface Hint {
  role: SegmentRole;
  endBytes: number;
  /** First sequence of the last batch; 0 when there is no record. */
  lastBatchFirst: number;
  digestLow: number;
  digestHigh: number;
  gaps: Gap[];
  entries: HintEntries;
}

/** Not synced: a hint that a power cut takes away is made again. */
export async function writeHint(segment: Segment, hint: Hint): Promise<void> {
  const head = Buffer.alloc(headBytes + hint.gaps.length * gapBytes);
  head.writeUInt32LE(magic, 0);
  head.writeUInt32LE(format, 8);
  head.writeUInt32LE(hint.entries.count, 12);
  head.writeUInt32LE(hint.gaps.length, 16);
  head.writeUInt32LE(hint.role === 'log' ? 1 : 2, 20);
  writeInteger(head, segment.number, 24);
  writeInteger(head, hint.endBytes, 32);
  writeInteger(head, hint.lastBatchFirst, 40);
  head.writeUInt32LE(hint.digestLow, 48);
  head.writeUInt32LE(hint.digestHigh, 52);
  hint.gaps.forEach((gap, index) => {
    writeInteger(head, gap.startBytes, headBytes + index * gapBytes);
    writeInteger(head, gap.endBytes, headBytes + index * gapBytes + 8);
  });
  const entries = hint.entries.bytes();
  head.writeUInt32LE(crc32c(entries, crc32c(head.subarray(8))), 4);
  const temporary = `${segment.hintPath}.tmp`;
  await writeFile(temporary, [head, entries], { mode: 0o600 });
  await rename(temporary, segment.hintPath);
}

/** The hint of the segment with this number, or null when there is none to rely on. */
export async function readHint(path: string, number: number): Promise<Hint | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    return null; // missing or unreadable alike: the segment itself is read instead
  }
  if (bytes.length < headBytes || bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(8) !== format) return null;
  if (crc32c(bytes.subarray(8)) !== bytes.readUInt32LE(4) || readInteger(bytes, 24) !== number) return null;
  const count = bytes.readUInt32LE(12);
  const gapCount = bytes.readUInt32LE(16);
  const entriesStart = headBytes + gapCount * gapBytes;
  if (bytes.length !== entriesStart + count * wordsPerEntry * 4) return null;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + entriesStart, count * wordsPerEntry);
  const gaps = Array.from({ length: gapCount }, (_, index) => ({
    startBytes: readInteger(bytes, headBytes + index * gapBytes),
    endBytes: readInteger(bytes, headBytes + index * gapBytes + 8),
  }));
  return {
    role: bytes.readUInt32LE(20) === 1 ? 'log' : 'compacted',
    endBytes: readInteger(bytes, 32),
    lastBatchFirst: readInteger(bytes, 40),
    digestLow: bytes.readUInt32LE(48),
    digestHigh: bytes.readUInt32LE(52),
    gaps,
    entries: HintEntries.over(words),
  };
}
