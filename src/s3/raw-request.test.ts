import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../model/refusal.js';
import { encodePath, encodeText } from './canonical.js';
import { headerLinesMax, parseRequest, type RawRequest } from './raw-request.js';

function request(rawTarget: string, rawHeaders: string[] = ['Host', 'localhost'], method = 'PUT'): RawRequest {
  return { method, rawTarget, rawHeaders };
}

function codeOf(raw: RawRequest): string {
  try {
    parseRequest(raw);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('the request target', () => {
  test.each([
    ['/a/../b/k', '/a/../b/k'],
    ['/a/%2e%2e/b', '/a/../b'],
    ['/a/..%2fb', '/a/../b'],
    ['/a/\\..\\b', '/a/\\..\\b'],
    ['//evil/b', '//evil/b'],
    ['/a/k%20k+k', '/a/k k+k'],
    ['/a/%E2%82%AC', '/a/€'],
    ['/a/\xe2\x82\xac', '/a/€'],
    ['/a/k#f', '/a/k#f'],
    ['/a/%00', '/a/\0'],
  ])('%s keeps the literal path %s', (target, path) => {
    expect(parseRequest(request(target)).path).toBe(path);
  });

  test.each(['/a/%zz', '/a/%', '/a/%2', '/a/%ff', '/a/%c0%af', '/a/%ed%a0%80', '/a?k=%zz', '/a?%ff=1', '/a/\xff'])(
    '%s is not a valid target',
    (target) => {
      expect(codeOf(request(target))).toBe('uri-invalid');
    },
  );

  test.each(['http://evil/b/k', 'HTTPS://evil/', '*', '', 'b/k', '?x'])('%s is refused: a target begins with a slash', (target) => {
    expect(codeOf(request(target))).toBe('uri-invalid');
  });

  test('a target beyond the limit is refused', () => {
    expect(codeOf(request(`/${'a'.repeat(20_000)}`))).toBe('uri-invalid');
  });

  test('a query keeps order and repeats, and decodes plus to a space', () => {
    const { query } = parseRequest(request('/b?prefix=a+b%2Bc&uploads&x=&prefix=d&=v&a=b=c'));
    expect(query.pairs).toEqual([
      ['prefix', 'a b+c'],
      ['uploads', ''],
      ['x', ''],
      ['prefix', 'd'],
      ['', 'v'],
      ['a', 'b=c'],
    ]);
    expect(query.get('uploads')).toBe('');
    expect(query.get('absent')).toBeNull();
    expect(query.has('__proto__')).toBe(false);
    expect(() => query.get('prefix')).toThrow(expect.objectContaining({ code: 'argument-invalid' }) as Error);
  });

  test('too many query parameters are refused', () => {
    expect(codeOf(request(`/b?${'a=1&'.repeat(150)}`))).toBe('request-invalid');
  });

  test('what encodePath and encodeText write is read back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (key, value) => {
        const parsed = parseRequest(request(`/${encodePath(key)}?${encodeText(value)}=${encodeText(value)}`));
        expect(parsed.path).toBe(`/${key}`);
        expect(parsed.query.pairs).toEqual([[value, value]]);
      }),
    );
  });

  test('any target at all is parsed or refused, quickly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 300 }), fc.boolean(), (text, slash) => {
        expect(['accepted', 'uri-invalid', 'request-invalid']).toContain(codeOf(request(slash ? `/${text}` : text)));
      }),
      { numRuns: 2000 },
    );
    const startMs = performance.now();
    codeOf(request(`/${'%41\xc3\xa9'.repeat(2000)}?${'+%20'.repeat(2000)}`));
    expect(performance.now() - startMs).toBeLessThan(50);
  });
});

describe('header lines', () => {
  test('are found by lower-case name, and repeats of lists are joined', () => {
    const { headers } = parseRequest(
      request('/', ['HOST', 'h', 'If-Match', '"a"', 'if-match', '"b"', 'X-Amz-Meta-A', '1', 'x-amz-meta-a', '2']),
    );
    expect(headers.get('host')).toBe('h');
    expect(headers.get('if-match')).toBe('"a","b"');
    expect(headers.get('x-amz-meta-a')).toBe('1,2');
    expect(headers.get('constructor')).toBeNull();
    expect([...headers.names()]).toEqual(['host', 'if-match', 'x-amz-meta-a']);
  });

  test.each([
    'Authorization',
    'Host',
    'Content-Length',
    'Content-MD5',
    'x-amz-date',
    'X-Amz-Content-SHA256',
    'x-amz-acl',
    'Transfer-Encoding',
  ])('a second %s is refused', (name) => {
    expect(codeOf(request('/', [name, 'a', name.toUpperCase(), 'a']))).toBe('request-invalid');
  });

  test('too many lines are refused, not dropped', () => {
    const lines = Array.from({ length: headerLinesMax + 1 }, (_, at) => [`x-${at}`, '1']).flat();
    expect(codeOf(request('/', lines))).toBe('headers-too-many');
    expect(codeOf(request('/', lines.slice(2)))).toBe('accepted');
  });

  test('too many bytes are refused', () => {
    expect(codeOf(request('/', ['a', 'x'.repeat(9000), 'b', 'x'.repeat(9000)]))).toBe('headers-too-many');
  });

  test.each([
    ['GET', ['content-length', '1'], 'request-invalid'],
    ['HEAD', ['transfer-encoding', 'chunked'], 'request-invalid'],
    ['GET', ['content-length', '0'], 'accepted'],
    ['DELETE', ['content-length', '0'], 'accepted'],
  ])('%s with %j: %s', (method, headers, code) => {
    expect(codeOf(request('/', headers, method))).toBe(code);
  });
});
