import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal, type RefusalCode } from '../model/refusal.js';
import { readCompleteRequest, readPartNumber } from './complete-request.js';
import { readDeleteRequest } from './delete-request.js';
import { errorDocument, s3Status } from './error-document.js';
import { readEncodingType, readLimit, readName, readToken, writeToken } from './list-arguments.js';
import { bucketSettings, objectSettings, operations } from './operations.js';
import { HeaderLines, QueryParameters } from './raw-request.js';
import { bucketSetting, objectSetting } from './settings.js';
import { checksumElements, readUploadChecksum } from './upload-checksum.js';
import { readXml } from './xml-read.js';

function refused(act: () => unknown): RefusalCode | null {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return null;
}

const readDelete = (inner: string) =>
  readDeleteRequest(Buffer.from(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</Delete>`));

const deleteObjects = (count: number) => '<Object><Key>k</Key></Object>'.repeat(count);

describe('the body of DeleteObjects', () => {
  it('names keys, conditions and quietness', () => {
    expect(
      readDelete(
        '<Quiet>true</Quiet><Object><Key> a&#13;/b</Key></Object><Object><Key>c</Key><ETag>"e"</ETag><VersionId>null</VersionId></Object>',
      ),
    ).toEqual({
      quiet: true,
      keys: [
        { key: ' a\r/b', ifMatch: null },
        { key: 'c', ifMatch: 'e' },
      ],
    });
  });

  it('names 1 to 1000 keys', () => {
    expect(readDelete(deleteObjects(1000)).keys).toHaveLength(1000);
    expect(refused(() => readDelete(deleteObjects(1001)))).toBe('xml-malformed');
    expect(refused(() => readDelete(''))).toBe('xml-malformed');
  });

  it.each([
    ['<Object></Object>', 'xml-malformed'],
    ['<Object><Key></Key></Object>', 'xml-malformed'],
    [`<Object><Key>${'k'.repeat(1025)}</Key></Object>`, 'key-too-long'],
    ['<Object><Key>k</Key><VersionId>abc</VersionId></Object>', 'not-implemented'],
    ['<Object><Key>k</Key><Size>3</Size></Object>', 'not-implemented'],
  ])('%s is refused', (inner, code) => {
    expect(refused(() => readDelete(inner))).toBe(code);
  });
});

const readComplete = (inner: string) => readCompleteRequest(Buffer.from(`<CompleteMultipartUpload>${inner}</CompleteMultipartUpload>`));

const part = (partNumber: string | number, more = '') =>
  `<Part><PartNumber>${partNumber}</PartNumber><ETag>&quot;e&quot;</ETag>${more}</Part>`;

const partsUpTo = (count: number) => Array.from({ length: count }, (_, i) => part(i + 1)).join('');

describe('the body of CompleteMultipartUpload', () => {
  it('names parts with their checksums', () => {
    expect(readComplete(part(1) + part(7, '<ChecksumCRC32>AAAAAA==</ChecksumCRC32>'))).toEqual([
      { partNumber: 1, etag: 'e', checksum: null },
      { partNumber: 7, etag: 'e', checksum: 'AAAAAA==' },
    ]);
  });

  it.each([
    [part(2) + part(1), 'part-order-invalid'],
    [part(1) + part(1), 'part-order-invalid'],
    [part(0), 'part-number-invalid'],
    [part(10_001), 'part-number-invalid'],
    [part('1e1'), 'part-number-invalid'],
    ['<Part><PartNumber>1</PartNumber></Part>', 'xml-malformed'],
    ['', 'xml-malformed'],
  ])('%s is refused', (inner, code) => {
    expect(refused(() => readComplete(inner))).toBe(code);
  });

  it('may name 10,000 parts and not one more', () => {
    expect(readComplete(partsUpTo(10_000))).toHaveLength(10_000);
    expect(refused(() => readComplete(partsUpTo(10_001)))).toBe('xml-malformed');
  });

  it('has part numbers that are plain decimals', () => {
    expect(readPartNumber('10000')).toBe(10_000);
    for (const text of ['', '-1', '+1', '1.0', '0x1', ' 1']) expect(refused(() => readPartNumber(text))).toBe('part-number-invalid');
  });
});

const queryOf = (text: string) => new QueryParameters(text);

describe('arguments of lists', () => {
  it('have limits', () => {
    expect([
      readLimit(queryOf(''), 'max-keys'),
      readLimit(queryOf('max-keys=0'), 'max-keys'),
      readLimit(queryOf('max-keys=5000'), 'max-keys'),
    ]).toEqual([1000, 0, 1000]);
    for (const text of ['-1', 'x', '1e3', '99999999999'])
      expect(refused(() => readLimit(queryOf(`max-keys=${text}`), 'max-keys'))).toBe('argument-invalid');
    expect(refused(() => readName(queryOf(`prefix=${'p'.repeat(1025)}`), 'prefix'))).toBe('key-too-long');
    expect(refused(() => readEncodingType(queryOf('encoding-type=base64')))).toBe('argument-invalid');
  });

  it('carry any position in a token that cannot be made up', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }),
        (position) => readToken(writeToken(position)) === position,
      ),
    );
    for (const token of ['', '%', 'a', '_w', '=']) expect(refused(() => readToken(token))).toBe('argument-invalid');
  });
});

const readChecksum = (algorithm: string | null, type: string | null) =>
  readUploadChecksum(
    new HeaderLines([
      ...(algorithm === null ? [] : ['x-amz-checksum-algorithm', algorithm]),
      ...(type === null ? [] : ['x-amz-checksum-type', type]),
    ]),
  );

describe('checksums of uploads', () => {
  it('have the type that AWS gives them', () => {
    expect(readChecksum(null, null)).toBeNull();
    expect(readChecksum('crc32', null)).toEqual({ algorithm: 'CRC32', type: 'COMPOSITE' });
    expect(readChecksum('CRC32C', 'FULL_OBJECT')).toEqual({ algorithm: 'CRC32C', type: 'FULL_OBJECT' });
    expect(readChecksum('CRC64NVME', null)).toEqual({ algorithm: 'CRC64NVME', type: 'FULL_OBJECT' });
  });

  it.each([
    ['SHA256', 'FULL_OBJECT'],
    ['CRC64NVME', 'COMPOSITE'],
    ['MD5', null],
    [null, 'COMPOSITE'],
  ])('%s with %s is refused', (algorithm, type) => {
    expect(refused(() => readChecksum(algorithm, type))).toBe('request-invalid');
  });

  it('stand in answers under their own name', () => {
    expect(String(checksumElements({ algorithm: 'CRC32', value: 'AA==', type: 'COMPOSITE' }))).toBe(
      '<ChecksumCRC32>AA==</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType>',
    );
    expect(checksumElements(null)).toBeNull();
  });
});

describe('answers', () => {
  it('tell an error in the form of S3', () => {
    const document = errorDocument(new Refusal('no-such-key', 'There is no <key>.'), { resource: '/b/k', requestId: 'r', hostId: 'h' });
    expect(document.toString()).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>There is no &lt;key&gt;.</Message><Resource>/b/k</Resource><RequestId>r</RequestId><HostId>h</HostId></Error>',
    );
  });

  it.each<[RefusalCode, number]>([
    ['generation-old', 500],
    ['attempt-expired', 500],
    ['receipts-too-few', 503],
    ['storage-full', 503],
    ['precondition-failed', 412],
    ['no-such-key', 404],
  ])('tell %s with a status on which S3 clients do the right thing: %i', (code, status) => {
    expect(s3Status(new Refusal(code))).toBe(status);
  });

  it('tell each setting that can be asked for: a document, or the code of what is not set', () => {
    for (const tell of [
      ...bucketSettings.map((name) => () => bucketSetting(name)),
      ...objectSettings.map((name) => () => objectSetting(name)),
    ]) {
      const code = refused(tell);
      if (code === null) expect(readXml(tell()).name).not.toBe('');
      else expect(code).toMatch(/^no-such-/);
    }
  });
});

describe('the table of operations', () => {
  it('bounds every XML body', () => {
    for (const [operation, row] of Object.entries(operations))
      expect([operation, row.body !== 'xml' || row.bodyBytesMax !== undefined]).toEqual([operation, true]);
  });
});
