import { assert } from '../base/assert.js';
import { crc32c } from '../base/crc32c.js';
import { uuidFromBytes, writeUuid } from '../base/uuid.js';
import type { ChunkKind, ChunkOrigin } from '../model/chunk.js';
import { keyBytesMax, packedSizeBytesMax } from '../model/limits.js';

/*
 * The header of everything that stands in the log, and of an extent file. Little endian:
 *
 *    0 u32 magic             32 u64 epoch: number of the segment    72 u32 CRC32C of the chunk
 *    4 u32 CRC32C of 8…end   40 u32+u32 digest of all before         76 u32 sweep generation
 *    8 u16 header bytes      48 16 B chunk id                        80 u32 attempt (extents: names the file)
 *   10 u8 type, 11 u8 kind   64 u64 length of the chunk,             84 u32 part number, 0 for none
 *   12 u32 payload bytes        or the sequence that a               88 u32 index in its body
 *   16 u64 sequence             tombstone kills                      92 u16 key bytes, 94 u16 has bucket
 *   24 u64 first sequence                                            96 u64 bucket id
 *      of its batch                                                 104 16 B cluster id, 120 key, zeros to a multiple of 8
 *
 * Tombstones and seals end at byte 84 + 4. The header's CRC begins with a secret number of the volume, so that bytes
 * sent by a client can never be taken for a record when recovery searches the rest of a broken segment. The payload is
 * covered by the chunk's own CRC: one pass over the bytes serves both.
 */

export type RecordType = 'packed' | 'extent' | 'tombstone' | 'seal';
const typeCodes: Record<RecordType, number> = { packed: 1, extent: 2, tombstone: 3, seal: 4 };
const typesByCode: (RecordType | undefined)[] = [undefined, 'packed', 'extent', 'tombstone', 'seal'];
const kindCodes: Record<ChunkKind, number> = { chunk: 0, rest: 1 };
const kindsByCode: (ChunkKind | undefined)[] = ['chunk', 'rest'];

const magic = 0x31_52_45_41;
/** Records begin at multiples of this; also where recovery looks for them. */
export const recordAlignmentBytes = 8;
const bareHeaderBytes = 88;
const originHeaderBytes = 120;
const headerBytesMax = roundUp(originHeaderBytes + keyBytesMax);
export const recordBytesMax = roundUp(headerBytesMax + packedSizeBytesMax);
/** A seal is always given room: a record is placed only where one fits behind it. */
export const sealBytes = bareHeaderBytes;

export interface RecordHeader {
  type: RecordType;
  kind: ChunkKind;
  /** Bytes of chunk that follow the header: all of a packed chunk, else 0. */
  payloadBytes: number;
  sequence: number;
  /** First sequence of the batch that was written at once with this record. */
  batchFirst: number;
  /** Number of the segment that it was written for: stale bytes of a recycled segment have another. */
  epoch: number;
  /** Digest over all records of the log before this one, two halves. */
  digestLow: number;
  digestHigh: number;
  id: string;
  /** Of the chunk; 0 in tombstones and seals. */
  lengthBytes: number;
  /** Tombstones: the sequence of the record that they kill; else 0. */
  killedSequence: number;
  crc32c: number;
  generation: number;
  /** Extents: the number in the file's name; else 0. */
  attempt: number;
  origin: ChunkOrigin;
  clusterId: string | null;
}

export interface DecodedRecord extends RecordHeader {
  headerBytes: number;
  headerCrc: number;
}

export const noOrigin: ChunkOrigin = { bucketId: null, key: null, partNumber: null, index: 0 };
export const nilUuid = '00000000-0000-0000-0000-000000000000';

/** The space that a record takes in a segment. */
export function recordBytes(record: { headerBytes: number; payloadBytes: number }): number {
  return roundUp(record.headerBytes + record.payloadBytes);
}

export function headerBytesOf(type: RecordType, origin: ChunkOrigin): number {
  if (type === 'tombstone' || type === 'seal') return bareHeaderBytes;
  return roundUp(originHeaderBytes + (origin.key === null ? 0 : Buffer.byteLength(origin.key)));
}

/** Writes the header at `offset`, which must have room for `headerBytesOf`. Answers its CRC. */
export function encodeHeader(target: Buffer, offset: number, record: RecordHeader, seed: number): number {
  const headerBytes = headerBytesOf(record.type, record.origin);
  target.writeUInt32LE(magic, offset);
  target.writeUInt16LE(headerBytes, offset + 8);
  target[offset + 10] = typeCodes[record.type];
  target[offset + 11] = kindCodes[record.kind];
  target.writeUInt32LE(record.payloadBytes, offset + 12);
  writeInteger(target, record.sequence, offset + 16);
  writeInteger(target, record.batchFirst, offset + 24);
  writeInteger(target, record.epoch, offset + 32);
  target.writeUInt32LE(record.digestLow, offset + 40);
  target.writeUInt32LE(record.digestHigh, offset + 44);
  writeUuid(target, record.id, offset + 48);
  writeInteger(target, record.type === 'tombstone' ? record.killedSequence : record.lengthBytes, offset + 64);
  target.writeUInt32LE(record.crc32c, offset + 72);
  target.writeUInt32LE(record.generation, offset + 76);
  target.writeUInt32LE(record.attempt, offset + 80);
  target.writeUInt32LE(record.origin.partNumber ?? 0, offset + 84);
  if (headerBytes > bareHeaderBytes) encodeOrigin(target, offset, record, headerBytes);
  const headerCrc = crc32c(target.subarray(offset + 8, offset + headerBytes), seed);
  target.writeUInt32LE(headerCrc, offset + 4);
  return headerCrc;
}

function encodeOrigin(target: Buffer, offset: number, record: RecordHeader, headerBytes: number): void {
  const { origin, clusterId } = record;
  target.fill(0, offset + bareHeaderBytes, offset + headerBytes);
  target.writeUInt32LE(origin.index, offset + 88);
  if (origin.bucketId !== null) {
    target.writeUInt16LE(1, offset + 94);
    writeInteger(target, origin.bucketId, offset + 96);
  }
  if (clusterId !== null) writeUuid(target, clusterId, offset + 104);
  if (origin.key !== null) {
    const keyBytes = target.write(origin.key, offset + originHeaderBytes, 'utf8');
    assert(keyBytes <= keyBytesMax, 'keys are checked at the door');
    target.writeUInt16LE(keyBytes, offset + 92);
  }
}

/** What the record at the beginning of `source` says of the size of its header, checked or not; 0 when there is too little. */
export function claimedHeaderBytes(source: Buffer): number {
  return source.length < bareHeaderBytes ? 0 : Math.min(source.readUInt16LE(8), headerBytesMax);
}

/** Whether a record may begin here: a cheap question before `decodeHeader`. */
export function looksLikeRecord(source: Buffer, offset: number): boolean {
  return source.length - offset >= bareHeaderBytes && source.readUInt32LE(offset) === magic;
}

/** The header at `offset`, or null when there is none that is whole and of this volume. */
export function decodeHeader(source: Buffer, offset: number, seed: number): DecodedRecord | null {
  if (!looksLikeRecord(source, offset)) return null;
  const headerBytes = source.readUInt16LE(offset + 8);
  if (headerBytes < bareHeaderBytes || headerBytes > headerBytesMax || source.length - offset < headerBytes) return null;
  const headerCrc = source.readUInt32LE(offset + 4);
  if (crc32c(source.subarray(offset + 8, offset + headerBytes), seed) !== headerCrc) return null;
  const type = typesByCode[source[offset + 10]!];
  const kind = kindsByCode[source[offset + 11]!];
  const payloadBytes = source.readUInt32LE(offset + 12);
  if (type === undefined || kind === undefined || payloadBytes > packedSizeBytesMax) return null;
  const lengthOrKilled = readInteger(source, offset + 64);
  const { origin, clusterId } = decodeOrigin(source, offset, headerBytes);
  return {
    type,
    kind,
    payloadBytes,
    sequence: readInteger(source, offset + 16),
    batchFirst: readInteger(source, offset + 24),
    epoch: readInteger(source, offset + 32),
    digestLow: source.readUInt32LE(offset + 40),
    digestHigh: source.readUInt32LE(offset + 44),
    id: uuidFromBytes(source, offset + 48),
    lengthBytes: type === 'tombstone' ? 0 : lengthOrKilled,
    killedSequence: type === 'tombstone' ? lengthOrKilled : 0,
    crc32c: source.readUInt32LE(offset + 72),
    generation: source.readUInt32LE(offset + 76),
    attempt: source.readUInt32LE(offset + 80),
    origin,
    clusterId,
    headerBytes,
    headerCrc,
  };
}

function decodeOrigin(source: Buffer, offset: number, headerBytes: number): Pick<RecordHeader, 'origin' | 'clusterId'> {
  if (headerBytes < originHeaderBytes) return { origin: noOrigin, clusterId: null };
  const partNumber = source.readUInt32LE(offset + 84);
  const keyBytes = source.readUInt16LE(offset + 92);
  const hasBucket = source.readUInt16LE(offset + 94) === 1;
  const clusterId = uuidFromBytes(source, offset + 104);
  const keyStart = offset + originHeaderBytes;
  return {
    origin: {
      bucketId: hasBucket ? readInteger(source, offset + 96) : null,
      key: keyBytes === 0 ? null : source.toString('utf8', keyStart, keyStart + keyBytes),
      partNumber: partNumber === 0 ? null : partNumber,
      index: source.readUInt32LE(offset + 88),
    },
    clusterId: clusterId === nilUuid ? null : clusterId,
  };
}

/** Whether the bytes behind the header are those that the header speaks of. */
export function payloadMatches(record: DecodedRecord, source: Buffer, offset: number): boolean {
  if (record.payloadBytes === 0) return record.type !== 'packed' || record.crc32c === 0;
  const start = offset + record.headerBytes;
  if (source.length - start < record.payloadBytes) return false;
  return crc32c(source.subarray(start, start + record.payloadBytes)) === record.crc32c;
}

export function roundUp(bytes: number): number {
  return Math.ceil(bytes / recordAlignmentBytes) * recordAlignmentBytes;
}

const twoTo32 = 2 ** 32;

/** A non-negative integer up to 2^53, as two halves. */
export function writeInteger(target: Buffer, value: number, offset: number): void {
  target.writeUInt32LE(value % twoTo32, offset);
  target.writeUInt32LE(Math.floor(value / twoTo32), offset + 4);
}

export function readInteger(source: Buffer, offset: number): number {
  return source.readUInt32LE(offset + 4) * twoTo32 + source.readUInt32LE(offset);
}
