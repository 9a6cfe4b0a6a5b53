import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatXmlDate } from './http-date.js';
import { XmlBytes } from './xml-bytes.js';

it('writes many dates like single ones', () => {
  const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  const near = fc.integer({ min: 1_764_000_000_000, max: 1_764_200_000_000 });
  fc.assert(
    fc.property(fc.array(fc.oneof(near, fc.integer({ min: 0, max: lastMs }))), fc.nat({ max: 100 }), (timesMs, expectedBytes) => {
      const bytes = new XmlBytes(expectedBytes);
      for (const timeMs of timesMs) bytes.date(timeMs);
      expect(bytes.written.toString()).toBe(timesMs.map(formatXmlDate).join(''));
    }),
  );
});
