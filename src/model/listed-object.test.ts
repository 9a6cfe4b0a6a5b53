import { describe, expect, it } from 'vitest';
import { objectEnd, PackedObjects, packFacts, unpackFacts, type ListedFacts } from './listed-object.js';

const plain: ListedFacts = { sizeBytes: 0, etag: 'd41d8cd9-2', lastModifiedMs: 1_764_000_000_007, checksum: null };
const summed: ListedFacts = { ...plain, sizeBytes: Number.MAX_SAFE_INTEGER, checksum: { algorithm: 'SHA256', type: 'COMPOSITE' } };
const end = Buffer.from([objectEnd]);

describe('what a list shows of an object', () => {
  it('comes back from its packed form', () => {
    for (const facts of [plain, summed, { ...plain, etag: '' }]) expect(unpackFacts(packFacts(facts))).toEqual(facts);
    for (const packed of ['', '1:2:3:4', '1:2:3:', '1:2:3::x', '1:2:3:4:5:']) expect(() => unpackFacts(packed)).toThrow('four fields');
  });

  it('is found in a list', () => {
    const keys = ['a', 'b:c:', 'ü/\u{1f600}', '\0'];
    const list = Buffer.concat(keys.flatMap((key, n) => [Buffer.from(packFacts(n % 2 === 0 ? plain : summed) + key), end]));
    const objects = new PackedObjects(list);
    const found: string[] = [];
    const again: Buffer[] = [];
    while (objects.next()) {
      found.push(objects.key);
      again.push(objects.packed);
      const facts = list.toString('latin1', objects.start, objects.keyStart);
      expect(unpackFacts(facts).lastModifiedMs).toBe(objects.lastModifiedMs);
      expect(list.toString('latin1', objects.etagStart, objects.etagEnd)).toBe(plain.etag);
      expect(list.toString('latin1', objects.checksumStart, objects.checksumEnd)).toBe(found.length % 2 === 1 ? '' : 'CSHA256');
    }
    expect(found).toEqual(keys);
    expect(Buffer.concat(again)).toEqual(list);
    expect(new PackedObjects(Buffer.alloc(0)).next()).toBe(false);
  });

  it('is not found in anything else', () => {
    for (const text of ['', 'a', '1:2', '1:2:3:4', '1:2:3::']) {
      expect(() => new PackedObjects(Buffer.concat([Buffer.from(text), end])).next(), text).toThrow('four facts and a key');
    }
    expect(() => new PackedObjects(Buffer.from(`${packFacts(plain)}a`)).next()).toThrow('four facts and a key');
  });
});
