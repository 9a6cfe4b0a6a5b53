import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from './byte-range.js';

describe('a Range header', () => {
  it.each([
    ['bytes=0-0', 10, { startBytes: 0, endBytes: 1 }],
    ['bytes=2-5', 10, { startBytes: 2, endBytes: 6 }],
    ['bytes=2-', 10, { startBytes: 2, endBytes: 10 }],
    ['bytes=-3', 10, { startBytes: 7, endBytes: 10 }],
    ['bytes=-30', 10, { startBytes: 0, endBytes: 10 }],
    ['bytes=9-18446744073709551616', 10, { startBytes: 9, endBytes: 10 }],
    ['BYTES=1-1', 10, { startBytes: 1, endBytes: 2 }],
  ])('%s of %i bytes is one range', (header, size, range) => {
    expect(parseRange(header, size)).toEqual(range);
  });

  it.each(['bytes=10-', 'bytes=-0', 'bytes=18446744073709551616-', 'bytes=10-20'])('%s of 10 bytes cannot be satisfied', (header) => {
    expect(parseRange(header, 10)).toBe('unsatisfiable');
  });

  it('of an empty object can never be satisfied', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable');
  });

  it.each([null, '', 'bytes=', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'items=0-1', 'bytes=0-1,3-4', '0-1', 'bytes=0x1-2'])(
    '%s is ignored: the whole object is the answer',
    (header) => {
      expect(parseRange(header, 10)).toBeNull();
    },
  );

  it('that is satisfied lies in the object and is not empty', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (first, last, size) => {
        const range = parseRange(`bytes=${first}-${last}`, size);
        if (range === null || range === 'unsatisfiable') return;
        expect(range.startBytes).toBe(first);
        expect(range.endBytes).toBeGreaterThan(range.startBytes);
        expect(range.endBytes).toBeLessThanOrEqual(size);
      }),
    );
  });
});
