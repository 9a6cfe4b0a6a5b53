import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { uuidFromBytes, uuidToBytes, writeUuid } from './uuid.js';

test('the bytes of a UUID are its digits, wherever they are put, and give the same UUID back', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.nat(5), (uuid, offset) => {
      const target = Buffer.alloc(offset + 16);
      writeUuid(target, uuid, offset);
      expect(target.subarray(offset).toString('hex')).toBe(uuid.replaceAll('-', ''));
      expect(uuidFromBytes(target, offset)).toBe(uuid);
      expect(uuidToBytes(uuid)).toEqual(target.subarray(offset));
    }),
  );
});
