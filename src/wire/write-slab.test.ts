import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WriteSlab } from './write-slab.js';

describe('a write slab', () => {
  it('gives the same bytes in the same order, write after write, and never copies a large buffer', () => {
    const sizeBytes = fc.oneof(fc.nat(200), fc.constantFrom(0, 4096, 8192, 8193, 65_536));
    const write = fc.array(sizeBytes, { minLength: 1, maxLength: 60 });
    const slab = new WriteSlab();
    let fill = 0;
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 3 }), (writes) => {
        for (const sizes of writes) {
          const buffers = sizes.map((bytes) => Buffer.alloc(bytes, (fill = (fill + 1) % 251)));
          const joined = slab.join(buffers);
          expect(Buffer.concat(joined).equals(Buffer.concat(buffers))).toBe(true);
          expect(joined.length).toBeLessThanOrEqual(buffers.length);
          expect(buffers.filter((bytes) => bytes.length > 8192 && !joined.includes(bytes))).toEqual([]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('makes one buffer of a turn of small frames', () => {
    expect(new WriteSlab().join(Array.from({ length: 32 }, () => Buffer.alloc(150, 1)))).toHaveLength(1);
  });
});
