import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectEnd, packFacts, type ListedFacts } from '../model/listed-object.js';
import { checksumAlgorithms, checksumTypes } from '../model/object.js';
import { formatXmlDate } from './http-date.js';
import { listedObjects } from './listed-objects.js';
import { XmlBytes } from './xml-bytes.js';
import { nameWriter, xml, type XmlText } from './xml-write.js';

interface Listed extends ListedFacts {
  key: string;
}

const facts: ListedFacts = { sizeBytes: 4096, etag: 'd41d8cd9-2', lastModifiedMs: Date.parse('2026-11-24T22:50:44.007Z'), checksum: null };

function packedList(objects: readonly Listed[]): Buffer {
  return Buffer.concat(objects.flatMap((object) => [Buffer.from(packFacts(object) + object.key), Buffer.from([objectEnd])]));
}

/** The same by the writer of all other documents. */
function elements(objects: readonly Listed[], encodingType: 'url' | null, owner: XmlText | null): string {
  const name = nameWriter(encodingType);
  const one = ({ key, lastModifiedMs, etag, checksum, sizeBytes }: Listed): XmlText =>
    xml`<Contents><Key>${name(key)}</Key><LastModified>${formatXmlDate(lastModifiedMs)}</LastModified><ETag>${xml`"`}${etag}${xml`"`}</ETag>${
      checksum && xml`<ChecksumAlgorithm>${checksum.algorithm}</ChecksumAlgorithm><ChecksumType>${checksum.type}</ChecksumType>`
    }<Size>${sizeBytes}</Size>${owner}<StorageClass>STANDARD</StorageClass></Contents>`;
  return objects.map((object) => one(object).toString()).join('');
}

function written(objects: readonly Listed[], encodingType: 'url' | null, owner: XmlText | null, count = objects.length): string {
  const part = listedObjects(packedList(objects), count, { encodingType, owner });
  const bytes = new XmlBytes(part.expectedBytes);
  part.writeTo(bytes);
  return bytes.written.toString();
}

describe('the objects of a list', () => {
  it('are written like all other XML, whatever is in them', () => {
    const special = fc.constantFrom(
      '&',
      '<',
      '>',
      '"',
      "'",
      ':',
      '/',
      ' ',
      '%',
      '\0',
      '\t',
      '\r',
      '\n',
      '\x7f',
      '\x80',
      '\x9f',
      '\xa0',
      '\xff',
    );
    const rare = fc.constantFrom(
      'ü',
      '߿',
      'ࠀ',
      '\ud7ff',
      '\ue000',
      '\ufdd0',
      '\ufeff',
      '\ufffd',
      '\ufffe',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    );
    const character = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      special,
      rare,
      fc.constantFrom('a', 'Z', '0', '~', '*'),
    );
    const text = (minLength: number) => fc.array(character, { minLength, maxLength: 12 }).map((characters) => characters.join(''));
    const object = fc.record({
      key: text(1),
      sizeBytes: fc.oneof(fc.constantFrom(0, Number.MAX_SAFE_INTEGER), fc.nat()),
      etag: fc.oneof(
        fc.constant(facts.etag),
        text(0).map((etag) => etag.replaceAll(':', '')),
      ),
      lastModifiedMs: fc.oneof(
        fc.integer({ min: 1_764_000_000_000, max: 1_764_200_000_000 }),
        fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) }),
      ),
      checksum: fc.option(fc.record({ algorithm: fc.constantFrom(...checksumAlgorithms), type: fc.constantFrom(...checksumTypes) })),
    });
    const owner = fc.constantFrom(null, xml`<Owner><ID>${'ü&'}</ID></Owner>`);
    fc.assert(
      fc.property(fc.array(object), fc.constantFrom('url' as const, null), owner, (objects, encodingType, shownOwner) => {
        expect(written(objects, encodingType, shownOwner)).toBe(elements(objects, encodingType, shownOwner));
      }),
      { numRuns: 500 },
    );
  });

  it('are written like all other XML for each character there is', () => {
    const objects: Listed[] = [];
    for (let code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 0x11) {
      if (code < 0xd800 || code > 0xdfff) objects.push({ ...facts, key: String.fromCodePoint(code) });
    }
    for (const code of [0xfffd, 0xfffe, 0xffff, 0x10ffff]) objects.push({ ...facts, key: String.fromCodePoint(code) });
    for (const encodingType of ['url', null] as const) {
      expect(written(objects, encodingType, null)).toBe(elements(objects, encodingType, null));
    }
  });

  it('may be more, and longer, than was said', () => {
    const long = Array.from({ length: 30 }, (_, n) => ({ ...facts, key: '"'.repeat(1024 - n) }));
    expect(written(long, null, null, 0)).toBe(elements(long, null, null));
    expect(written([], null, null, 1000)).toBe('');
  });
});
