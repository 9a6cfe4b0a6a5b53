import { describe, expect, it } from 'vitest';
import { crc32c } from '../base/crc32c.js';
import { systemRandom } from '../base/random.js';
import { keyBytesMax, packedSizeBytesMax } from '../model/limits.js';
import { BatchEncoder } from './batch-encoder.js';
import { LogDigest } from './log-digest.js';
import { PendingRecord, type LogRequest } from './log-record.js';
import { decodeHeader, noOrigin, payloadMatches } from './record.js';
import { Segment, segmentHeadBytes } from './segment.js';
import { volumeDefaults } from './volume-limits.js';

const seed = 0x1234_5678;
const copiedBytesMax = volumeDefaults.copiedPayloadBytesMax;
/** Sizes around what is copied; odd ones need padding. */
const sizes = [0, 1, 7, 8, copiedBytesMax - 1, copiedBytesMax, copiedBytesMax + 1, 3 * copiedBytesMax, packedSizeBytesMax];

const nothing = (): void => undefined;

function packed(payload: Buffer[], key: string | null = null): PendingRecord {
  const bytes = Buffer.concat(payload);
  return pending({ type: 'packed', payload, lengthBytes: bytes.length, crc32c: crc32c(bytes), origin: { ...noOrigin, key } });
}

function tombstone(): PendingRecord {
  return pending({ type: 'tombstone', payload: [], lengthBytes: 0, crc32c: 0, origin: noOrigin });
}

function pending(of: Pick<LogRequest, 'type' | 'payload' | 'lengthBytes' | 'crc32c' | 'origin'>): PendingRecord {
  const request: LogRequest = { ...of, kind: 'chunk', id: systemRandom.uuidV4(), killedSequence: 0, generation: 1, attempt: 0 };
  return new PendingRecord(request, null, nothing, nothing);
}

function randomBytes(sizeBytes: number): Buffer {
  return Buffer.from(systemRandom.bytes(sizeBytes));
}

function emptySegment(): Segment {
  const segment = new Segment({ handle: 3, number: 77, role: 'log', folder: '/nowhere', fileBytes: 64 * 1024 * 1024 });
  segment.endBytes = segmentHeadBytes;
  return segment;
}

/** Encodes the batch, and reads it from the bytes as a start would. */
function expectReadable(encoder: BatchEncoder, batch: PendingRecord[], firstSequence = 1): Buffer[] {
  const segment = emptySegment();
  const digest = new LogDigest();
  const pieces = encoder.encode(batch, segment, digest, firstSequence);
  const bytes = Buffer.concat(pieces);
  const walked = new LogDigest();
  let position = 0;
  for (const [index, record] of batch.entries()) {
    expect(record.offset).toBe(segment.endBytes + position);
    expect(record.segment).toBe(segment.handle);
    const found = decodeHeader(bytes, position, seed);
    if (found === null) throw new Error(`record ${index} is not readable`);
    expect(found).toMatchObject({
      id: record.id,
      sequence: firstSequence + index,
      batchFirst: firstSequence,
      epoch: segment.number,
      payloadBytes: record.payloadBytes,
      digestLow: walked.low,
      digestHigh: walked.high,
    });
    expect(payloadMatches(found, bytes, position)).toBe(true);
    walked.add(found.headerCrc);
    const padding = bytes.subarray(position + record.headerBytes + record.payloadBytes, position + record.recordBytes);
    expect(padding.every((byte) => byte === 0)).toBe(true);
    position += record.recordBytes;
  }
  expect(bytes).toHaveLength(position);
  expect(digest.toString()).toBe(walked.toString());
  return pieces;
}

describe('the bytes of a batch', () => {
  it.each(sizes)('hold one payload of %i bytes', (sizeBytes) => {
    const encoder = new BatchEncoder(volumeDefaults, seed);
    const pieces = expectReadable(encoder, [packed([randomBytes(sizeBytes)])]);
    expect(pieces.length === 1).toBe(sizeBytes <= copiedBytesMax);
  });

  it('hold payloads of all sizes beside tombstones, in any order', () => {
    const encoder = new BatchEncoder(volumeDefaults, seed);
    for (const order of [sizes, sizes.toReversed(), [...sizes, ...sizes]])
      expectReadable(
        encoder,
        order.flatMap((sizeBytes) => [packed([randomBytes(sizeBytes)]), tombstone()]),
        900,
      );
  });

  it('hold payloads that came in pieces, small and large', () => {
    const encoder = new BatchEncoder(volumeDefaults, seed);
    const pieces = [copiedBytesMax + 1, copiedBytesMax + 3, 0, 1, copiedBytesMax, copiedBytesMax + 1].map(randomBytes);
    expectReadable(encoder, [packed(pieces), packed([]), packed(pieces.toReversed())]);
    expectReadable(encoder, [packed(Array.from({ length: 5000 }, () => randomBytes(1)))]);
  });

  it('have nothing of the batch before in them', () => {
    const encoder = new BatchEncoder(volumeDefaults, seed);
    expectReadable(
      encoder,
      Array.from({ length: 60 }, () => packed([Buffer.alloc(copiedBytesMax - 1, 0xff)])),
    );
    expectReadable(encoder, [packed([randomBytes(1)]), tombstone(), packed([randomBytes(copiedBytesMax + 1)]), packed([randomBytes(5)])]);
  });

  it('have room for the largest record also when a batch may hold less', () => {
    const limits = { ...volumeDefaults, batchBytesMax: 1, copiedPayloadBytesMax: packedSizeBytesMax };
    const pieces = expectReadable(new BatchEncoder(limits, seed), [packed([randomBytes(packedSizeBytesMax)], 'k'.repeat(keyBytesMax))]);
    expect(pieces).toHaveLength(1);
  });

  it('fill a batch to the last byte, in fewer buffers than one system call takes', () => {
    const { batchBytesMax } = volumeDefaults;
    for (const sizeBytes of [copiedBytesMax, copiedBytesMax + 1]) {
      const batch: PendingRecord[] = [];
      let room = batchBytesMax;
      for (let next = packed([randomBytes(sizeBytes)]); next.recordBytes <= room; next = packed([randomBytes(sizeBytes)])) {
        batch.push(next);
        room -= next.recordBytes;
      }
      const { headerBytes } = packed([]);
      if (room >= headerBytes) batch.push(packed([randomBytes(room - headerBytes)]));
      expect(batch.reduce((sum, record) => sum + record.recordBytes, 0)).toBe(batchBytesMax);
      expect(expectReadable(new BatchEncoder(volumeDefaults, seed), batch).length).toBeLessThan(1024);
    }
  });
});
