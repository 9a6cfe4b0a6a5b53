import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../base/crc32c.js';
import { systemRandom } from '../base/random.js';
import { decodeHeader, encodeHeader, headerBytesOf, noOrigin, payloadMatches, type RecordHeader } from './record.js';

const seed = 0x1234_5678;
const integer = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const word = fc.integer({ min: 0, max: 0xffff_ffff });

const header: fc.Arbitrary<RecordHeader> = fc
  .record({
    type: fc.constantFrom('packed' as const, 'extent' as const, 'tombstone' as const, 'seal' as const),
    kind: fc.constantFrom('chunk' as const, 'rest' as const),
    payloadBytes: fc.integer({ min: 0, max: 256 * 1024 }),
    sequence: integer,
    batchFirst: integer,
    epoch: integer,
    digestLow: word,
    digestHigh: word,
    id: fc.constant(0).map(() => systemRandom.uuidV4()),
    lengthBytes: integer,
    killedSequence: integer,
    crc32c: word,
    generation: word,
    attempt: word,
    origin: fc.record({
      bucketId: fc.option(integer),
      // What may follow a lone surrogate is no UTF-8, and the door lets no such key in.
      key: fc.option(
        fc.string({ minLength: 1, maxLength: 300, unit: 'grapheme-composite' }).filter((key) => Buffer.byteLength(key) <= 1024),
      ),
      partNumber: fc.option(fc.integer({ min: 1, max: 10_000 })),
      index: word,
    }),
    clusterId: fc.option(fc.constant(0).map(() => systemRandom.uuidV4())),
  })
  .map((record) =>
    record.type === 'tombstone'
      ? { ...record, lengthBytes: 0, origin: noOrigin, clusterId: null }
      : record.type === 'seal'
        ? { ...record, killedSequence: 0, origin: noOrigin, clusterId: null }
        : { ...record, killedSequence: 0 },
  );

describe('a record header', () => {
  it('is read as it was written, at any place in a buffer', () => {
    fc.assert(
      fc.property(header, fc.integer({ min: 0, max: 64 }), (record, offset) => {
        const bytes = Buffer.alloc(offset + headerBytesOf(record.type, record.origin), 0xa5);
        const headerCrc = encodeHeader(bytes, offset, record, seed);
        expect(decodeHeader(bytes, offset, seed)).toEqual({ ...record, headerBytes: headerBytesOf(record.type, record.origin), headerCrc });
      }),
    );
  });

  it('is not read when any bit of it is another, when it is cut, or on another volume', () => {
    fc.assert(
      fc.property(header, fc.nat(), fc.nat(), (record, at, cut) => {
        const bytes = Buffer.alloc(headerBytesOf(record.type, record.origin));
        encodeHeader(bytes, 0, record, seed);
        expect(decodeHeader(bytes, 0, seed + 1)).toBeNull();
        expect(decodeHeader(bytes.subarray(0, cut % bytes.length), 0, seed)).toBeNull();
        const bit = at % (bytes.length * 8);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(decodeHeader(bytes, 0, seed)).toBeNull();
      }),
    );
  });

  it('vouches for its payload', () => {
    const payload = Buffer.from('the bytes of a chunk');
    const record: RecordHeader = {
      type: 'packed',
      kind: 'chunk',
      payloadBytes: payload.length,
      sequence: 1,
      batchFirst: 1,
      epoch: 1,
      digestLow: 0,
      digestHigh: 0,
      id: systemRandom.uuidV4(),
      lengthBytes: payload.length,
      killedSequence: 0,
      crc32c: crc32c(payload),
      generation: 1,
      attempt: 0,
      origin: noOrigin,
      clusterId: null,
    };
    const bytes = Buffer.concat([Buffer.alloc(headerBytesOf('packed', noOrigin)), payload]);
    encodeHeader(bytes, 0, record, seed);
    const decoded = decodeHeader(bytes, 0, seed)!;
    expect(payloadMatches(decoded, bytes, 0)).toBe(true);
    expect(payloadMatches(decoded, bytes.subarray(0, -1), 0)).toBe(false);
    bytes[bytes.length - 1]! ^= 1;
    expect(payloadMatches(decoded, bytes, 0)).toBe(false);
  });
});
