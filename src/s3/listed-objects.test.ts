import { describe, expect, it } from 'vitest';
import { packFacts } from '../model/listed-object.js';
import { listedObjects } from './listed-objects.js';
import { nameWriter, xml } from './xml-write.js';

const facts = { sizeBytes: 4096, etag: 'd41d8cd9-2', lastModifiedMs: Date.parse('2026-11-24T22:50:44.007Z'), checksum: null };
const written = (key: string) =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-24T22:50:44.007Z</LastModified><ETag>"d41d8cd9-2"</ETag><Size>4096</Size><StorageClass>STANDARD</StorageClass></Contents>`;

describe('the objects of a list', () => {
  it('show their keys escaped, whatever is in them', () => {
    const keys = ['a', 'b:c:', '<d>&"\'', '\u0000\r', 'ü/\u{1f600}'];
    const packed = keys.map((key) => packFacts(facts) + key);
    expect(listedObjects(packed, nameWriter(null), null).toString()).toBe(
      ['a', 'b:c:', '&lt;d&gt;&amp;&quot;&apos;', '&#0;&#13;', 'ü/\u{1f600}'].map(written).join(''),
    );
    expect(listedObjects(packed, nameWriter('url'), null).toString()).toBe(
      ['a', 'b%3Ac%3A', '%3Cd%3E%26%22%27', '%00%0D', '%C3%BC/%F0%9F%98%80'].map(written).join(''),
    );
  });

  it('show their checksum and owner where these are wanted', () => {
    const checksum = { algorithm: 'SHA256', type: 'COMPOSITE' } as const;
    expect(listedObjects([`${packFacts({ ...facts, checksum })}a`], nameWriter(null), xml`<Owner/>`).toString()).toBe(
      written('a')
        .replace('<Size>', '<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType><Size>')
        .replace('<StorageClass>', '<Owner/><StorageClass>'),
    );
  });

  it('are not written from anything else', () => {
    for (const packed of ['', 'a', '1:2:3:4', '1:2:']) expect(() => listedObjects([packed], nameWriter(null), null)).toThrow('four fields');
  });
});
