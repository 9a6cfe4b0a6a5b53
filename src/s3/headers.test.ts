import { describe, expect, it } from 'vitest';
import { Refusal, type RefusalCode } from '../model/refusal.js';
import { readAttributes, writeAttributes } from './attributes.js';
import { parseEtags, readConditions, writeConditions } from './conditions.js';
import { parseCopyRange, parseCopySource } from './copy-source.js';
import { formatHttpDate, parseHttpDate } from './http-date.js';
import { HeaderLines, QueryParameters } from './raw-request.js';
import { refuseUnsupportedHeaders } from './unsupported-headers.js';

const headers = (fields: Record<string, string>) => new HeaderLines(Object.entries(fields).flat());
const query = (fields: Record<string, string>) => new QueryParameters(new URLSearchParams(fields).toString());
const refused = (act: () => unknown): RefusalCode | null => {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return null;
};

describe('attributes', () => {
  it('keep the standard headers and user metadata, and drop aws-chunked', () => {
    const attributes = readAttributes(
      headers({
        'content-type': 'text/plain',
        'content-encoding': 'aws-chunked, gzip',
        'cache-control': 'no-cache',
        'x-amz-meta-color': 'blü',
        ['x-amz-meta-__proto__']: 'x',
        host: 'h',
      }),
    );
    expect(attributes.headers).toEqual({ 'content-type': 'text/plain', 'content-encoding': 'gzip', 'cache-control': 'no-cache' });
    expect(Object.entries(attributes.userMetadata)).toEqual([
      ['color', 'blü'],
      ['__proto__', 'x'],
    ]);
    expect(readAttributes(headers({ 'content-encoding': 'aws-chunked' })).headers).toEqual({});
  });

  it('refuse more than 2 KiB of user metadata', () => {
    expect(refused(() => readAttributes(headers({ 'x-amz-meta-a': 'x'.repeat(2047) })))).toBeNull();
    expect(refused(() => readAttributes(headers({ 'x-amz-meta-a': 'x'.repeat(2048) })))).toBe('metadata-too-large');
  });

  it.each(['a\rb', 'a\nb', 'a\u0000b', 'a\u0100'])('refuse the value %j, which no header can carry', (value) => {
    expect(refused(() => readAttributes(headers({ 'x-amz-meta-a': value })))).toBe('argument-invalid');
    expect(refused(() => writeAttributes([], { headers: {}, userMetadata: {} }, query({ 'response-content-type': value })))).toBe(
      'argument-invalid',
    );
  });

  it('are written with a default type, and a signed request may override them', () => {
    const answer: string[] = [];
    writeAttributes(answer, { headers: { expires: 'x' }, userMetadata: { a: '1' } }, query({}));
    expect(answer).toEqual(['content-type', 'binary/octet-stream', 'expires', 'x', 'x-amz-meta-a', '1']);
    const overridden: string[] = [];
    writeAttributes(
      overridden,
      { headers: { 'content-type': 'a/b', expires: 'x' }, userMetadata: {} },
      query({ 'response-content-type': 'c/d', 'response-content-disposition': 'attachment' }),
    );
    expect(overridden).toEqual(['expires', 'x', 'content-type', 'c/d', 'content-disposition', 'attachment']);
  });
});

describe('headers that ask for more than there is', () => {
  it.each([
    ['x-amz-server-side-encryption', 'AES256'],
    ['x-amz-server-side-encryption-customer-key', 'k'],
    ['x-amz-object-lock-mode', 'GOVERNANCE'],
    ['x-amz-tagging', 'a=b'],
    ['x-amz-acl', 'public-read'],
    ['x-amz-grant-read', 'id=x'],
    ['x-amz-storage-class', 'GLACIER'],
    ['x-amz-website-redirect-location', '/x'],
  ])('%s: %s is refused', (name, value) => {
    expect(refused(() => refuseUnsupportedHeaders(headers({ [name]: value })))).toBe('not-implemented');
  });

  it.each([
    ['x-amz-acl', 'private'],
    ['x-amz-storage-class', 'STANDARD'],
    ['x-amz-tagging', ''],
    ['x-amz-meta-x', 'y'],
    ['x-amz-request-payer', 'requester'],
    ['x-unknown', 'y'],
  ])('%s: %s asks for nothing more', (name, value) => {
    expect(refused(() => refuseUnsupportedHeaders(headers({ [name]: value })))).toBeNull();
  });
});

describe('conditions', () => {
  it.each([
    ['"abc"', 'abc'],
    ['abc', 'abc'],
    ['W/"abc"', 'abc'],
    ['"a", "b-2"', 'a,b-2'],
    ['*', '*'],
  ])('%s names the ETags %s', (header, etags) => {
    expect(parseEtags(header)).toBe(etags);
  });

  it('with a date that is none are ignored', () => {
    const read = readConditions(headers({ 'if-modified-since': 'yesterday', 'if-unmodified-since': 'Sun, 06 Nov 1994 08:49:37 GMT' }), '');
    expect(read).toEqual({ ifMatch: null, ifNoneMatch: null, ifModifiedSinceMs: null, ifUnmodifiedSinceMs: 784111777000 });
  });

  it('on the source of a copy have their own headers', () => {
    expect(readConditions(headers({ 'if-match': 'a', 'x-amz-copy-source-if-match': '"b"' }), 'x-amz-copy-source-').ifMatch).toBe('b');
  });

  it('of a write know only * for If-None-Match, and never both', () => {
    expect(writeConditions(headers({ 'if-none-match': '*' }))).toEqual({ ifMatch: null, ifNoneMatch: '*' });
    expect(refused(() => writeConditions(headers({ 'if-none-match': '"x"' })))).toBe('not-implemented');
    expect(refused(() => writeConditions(headers({ 'if-none-match': '*', 'if-match': '"x"' })))).toBe('not-implemented');
  });
});

describe('HTTP dates', () => {
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])('%s is read', (text) => {
    expect(parseHttpDate(text)).toBe(784111777000);
  });

  it('are written in the first form', () => {
    expect(formatHttpDate(784111777000)).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
  });
});

describe('a copy source', () => {
  it.each([
    ['/b/k', { bucket: 'b', key: 'k' }],
    ['b/k/l', { bucket: 'b', key: 'k/l' }],
    ['b/..%2Fx', { bucket: 'b', key: '../x' }],
    ['b/a%2520b', { bucket: 'b', key: 'a%20b' }],
    ['b/a+b', { bucket: 'b', key: 'a+b' }],
    ['b//k', { bucket: 'b', key: '/k' }],
    ['b/%3FversionId=x', { bucket: 'b', key: '?versionId=x' }],
    ['b/k?versionId=null', { bucket: 'b', key: 'k' }],
  ])('%s is read literally', (header, source) => {
    expect(parseCopySource(header)).toEqual(source);
  });

  it.each(['', '/', 'b', 'b/', '//k', 'b/%ff', 'b/%zz', 'b/k?versionId=abc'])('%s is refused', (header) => {
    expect(refused(() => parseCopySource(header))).toBe('argument-invalid');
  });

  it('has a range that must lie inside', () => {
    expect(parseCopyRange(null, 5)).toEqual({ startBytes: 0, endBytes: 5 });
    expect(parseCopyRange('bytes=1-4', 5)).toEqual({ startBytes: 1, endBytes: 5 });
    for (const header of ['bytes=1-5', 'bytes=2-1', 'bytes=1-', 'bytes=-1', '1-2']) {
      expect(refused(() => parseCopyRange(header, 5))).toBe('argument-invalid');
    }
  });
});
