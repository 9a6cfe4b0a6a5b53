import * as fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { combineCrc32c, CrcCombiner, createCrc32cCombiner, type CombinableCrc } from './crc-combine.js';
import { crc32c } from './crc32c.js';
import { Crc64Nvme } from './crc64nvme.js';

let crc64: Crc64Nvme;
beforeAll(async () => {
  crc64 = await Crc64Nvme.load();
});

function bigEndian(crc: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes;
}

const crcOf: Record<CombinableCrc, (bytes: Buffer) => Buffer> = {
  CRC32: (bytes) => bigEndian(crc32(bytes)),
  CRC32C: (bytes) => bigEndian(crc32c(bytes)),
  CRC64NVME: (bytes) => {
    const stream = crc64.start();
    stream.update(bytes);
    return stream.digest();
  },
};

describe.each(Object.entries(crcOf))('%s', (name, crc) => {
  it('of pieces gives that of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 }), (arrays) => {
        const pieces = arrays.map((array) => Buffer.from(array));
        const combiner = new CrcCombiner(name as CombinableCrc);
        const combined = pieces.slice(1).reduce((whole, piece) => combiner.combine(whole, crc(piece), piece.length), crc(pieces[0]!));
        expect(combined).toEqual(crc(Buffer.concat(pieces)));
      }),
    );
  });

  it('of long pieces needs no pass over their length', () => {
    const zeros = Buffer.alloc(3 * 1024 * 1024 + 1);
    const first = Buffer.from('123456789');
    const combined = new CrcCombiner(name as CombinableCrc).combine(crc(first), crc(zeros), zeros.length);
    expect(combined).toEqual(crc(Buffer.concat([first, zeros])));
  });
});

describe('CRC32C as a number', () => {
  const first = Buffer.from('123456789');

  it.each([0, 1, 2, 9, 64 * 1024, 64 * 1024 + 1])('of a piece and %i more bytes gives that of the whole', (lengthBytes) => {
    const second = Buffer.alloc(lengthBytes, 'aether');
    const whole = crc32c(Buffer.concat([first, second]));
    expect(combineCrc32c(crc32c(first), crc32c(second), lengthBytes)).toBe(whole);
    expect(createCrc32cCombiner(lengthBytes)(crc32c(first), crc32c(second))).toBe(whole);
  });

  it('of nothing and a piece is that of the piece', () => {
    expect(combineCrc32c(crc32c(Buffer.alloc(0)), crc32c(first), first.length)).toBe(crc32c(first));
  });
});
