import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatXmlDate, xmlDateWriter } from './http-date.js';

it('writes the dates of a list like single ones', () => {
  const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  const near = fc.integer({ min: 1_764_000_000_000, max: 1_764_200_000_000 });
  fc.assert(
    fc.property(fc.array(fc.oneof(near, fc.integer({ min: 0, max: lastMs }))), (timesMs) => {
      const date = xmlDateWriter();
      expect(timesMs.map(date)).toEqual(timesMs.map(formatXmlDate));
    }),
  );
});
