import { describe, expect, test } from 'vitest';
import { Refusal } from '../model/refusal.js';
import { canonicalQuery, emptySha256, encodePath } from './canonical.js';
import { parseRequest, type RawRequest } from './raw-request.js';
import { RequestSigner } from './sign.js';
import { allowedSkewMs, SignatureVerifier } from './sigv4.js';

const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'a-secret-for-tests' };
const region = 'eu-test-1';
const nowMs = Date.UTC(2026, 10, 24, 12);
const signer = new RequestSigner(credentials, region);

function outcome(raw: RawRequest, atMs = nowMs): string {
  const verifier = new SignatureVerifier({
    region,
    secretOf: (id) => (id === credentials.accessKeyId ? credentials.secretAccessKey : null),
  });
  try {
    const { presigned, payload } = verifier.verify(parseRequest(raw), atMs);
    return `${presigned ? 'presigned' : 'signed'} ${payload.kind}`;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

interface Variation {
  method?: string;
  path?: string;
  query?: [string, string][];
  headers?: Record<string, string>;
  payloadHash?: string;
  signer?: RequestSigner;
  atMs?: number;
  expiresSeconds?: number;
  /** What changes between signing and sending. */
  tamper?: (request: { method: string; path: string; query: [string, string][]; headers: Record<string, string> }) => void;
}

const host = { host: 'localhost:9000' };

function send(method: string, path: string, query: [string, string][], headers: Record<string, string>): RawRequest {
  const target = query.length === 0 ? encodePath(path) : `${encodePath(path)}?${canonicalQuery(query)}`;
  return { method, rawTarget: target, rawHeaders: Object.entries(headers).flat() };
}

function signed(variation: Variation = {}): RawRequest {
  const { method = 'GET', path = '/b/k', query = [], headers = host, payloadHash = emptySha256, atMs = nowMs } = variation;
  const all = (variation.signer ?? signer).sign({ method, path, query, headers }, payloadHash, atMs);
  const request = { method, path, query, headers: all };
  variation.tamper?.(request);
  return send(request.method, request.path, request.query, request.headers);
}

function presigned(variation: Variation = {}): RawRequest {
  const { method = 'GET', path = '/b/k', query = [], headers = host, atMs = nowMs, expiresSeconds = 900 } = variation;
  const all = (variation.signer ?? signer).presign({ method, path, query, headers }, expiresSeconds, atMs);
  const request = { method, path, query: all.map(([name, value]): [string, string] => [name, value]), headers: { ...headers } };
  variation.tamper?.(request);
  return send(request.method, request.path, request.query, request.headers);
}

function setQuery(name: string, value: string | null): Required<Variation>['tamper'] {
  return (request) => {
    request.query = request.query.filter((pair) => pair[0] !== name);
    if (value !== null) request.query.push([name, value]);
  };
}

function setHeader(name: string, value: string): Required<Variation>['tamper'] {
  return (request) => {
    request.headers[name] = value;
  };
}

function editAuthorization(from: string | RegExp, to: string): Required<Variation>['tamper'] {
  return (request) => {
    request.headers['authorization'] = request.headers['authorization']!.replace(from, to);
  };
}

describe('deny by default', () => {
  test.each<[string, RawRequest, string]>([
    ['a signed request', signed(), 'signed sha256'],
    ['a presigned request', presigned(), 'presigned unsigned'],
    ['no signature at all', send('GET', '/b/k', [], host), 'access-denied'],
    ['signature version 2 in a header', send('GET', '/b/k', [], { ...host, authorization: 'AWS AKIDTEST:c2ln' }), 'request-invalid'],
    [
      'signature version 2 in the query',
      send(
        'GET',
        '/b/k',
        [
          ['AWSAccessKeyId', 'A'],
          ['Signature', 'c2ln'],
          ['Expires', '1'],
        ],
        host,
      ),
      'request-invalid',
    ],
    ['a bearer token', send('GET', '/b/k', [], { ...host, authorization: 'Bearer x' }), 'request-invalid'],
    ['basic authentication', send('GET', '/b/k', [], { ...host, authorization: 'Basic QTpC' }), 'request-invalid'],
    ['an empty authorization', send('GET', '/b/k', [], { ...host, authorization: '' }), 'request-invalid'],
    ['ECDSA', signed({ tamper: editAuthorization('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256') }), 'request-invalid'],
    ['ECDSA in the query', presigned({ tamper: setQuery('X-Amz-Algorithm', 'AWS4-ECDSA-P256-SHA256') }), 'authorization-query-malformed'],
    [
      'the algorithm in lower case',
      presigned({ tamper: setQuery('X-Amz-Algorithm', 'aws4-hmac-sha256') }),
      'authorization-query-malformed',
    ],
    ['header and query together', presigned({ tamper: setHeader('authorization', 'AWS4-HMAC-SHA256 x') }), 'request-invalid'],
    ['only the signature in the query', send('GET', '/b/k', [['X-Amz-Signature', 'a']], host), 'authorization-query-malformed'],
    [
      'two authorization headers',
      { ...signed(), rawHeaders: [...signed().rawHeaders, 'Authorization', 'AWS4-HMAC-SHA256 x'] },
      'request-invalid',
    ],
    ['a session token', signed({ headers: { ...host, 'x-amz-security-token': 't' } }), 'session-token-unknown'],
    ['a session token in the query', presigned({ query: [['X-Amz-Security-Token', 't']] }), 'session-token-unknown'],
    ['an unknown key', signed({ signer: new RequestSigner({ ...credentials, accessKeyId: 'AKIDOTHER' }, region) }), 'access-key-unknown'],
    ['an empty key', signed({ signer: new RequestSigner({ ...credentials, accessKeyId: '' }, region) }), 'access-key-unknown'],
    ['a wrong secret', signed({ signer: new RequestSigner({ ...credentials, secretAccessKey: 'x' }, region) }), 'signature-mismatch'],
    [
      'a wrong secret, presigned',
      presigned({ signer: new RequestSigner({ ...credentials, secretAccessKey: 'x' }, region) }),
      'signature-mismatch',
    ],
    ['no x-amz-content-sha256', signed({ tamper: (request) => void delete request.headers['x-amz-content-sha256'] }), 'request-invalid'],
    ['no x-amz-date', signed({ tamper: (request) => void delete request.headers['x-amz-date'] }), 'access-denied'],
  ])('%s', (_name, raw, code) => {
    expect(outcome(raw)).toBe(code);
  });
});

describe('the scope of the credential', () => {
  test.each<[string, RawRequest, string]>([
    ['another region', signed({ signer: new RequestSigner(credentials, 'us-east-1') }), 'region-wrong'],
    ['another region, presigned', presigned({ signer: new RequestSigner(credentials, 'us-east-1') }), 'region-wrong'],
    ['another service', signed({ tamper: editAuthorization('/s3/', '/ec2/') }), 'authorization-malformed'],
    ['another terminator', signed({ tamper: editAuthorization('aws4_request', 'aws5_request') }), 'authorization-malformed'],
    ['another day', signed({ tamper: editAuthorization('/20261124/', '/20261123/') }), 'authorization-malformed'],
    ['too few pieces', signed({ tamper: editAuthorization('/s3/', '/') }), 'authorization-malformed'],
    ['a slash in the key', signed({ tamper: editAuthorization('AKIDTEST', 'AKID/TEST') }), 'authorization-malformed'],
    ['no signature field', signed({ tamper: editAuthorization(/, Signature=.*/, '') }), 'authorization-malformed'],
    ['a field twice', signed({ tamper: editAuthorization('SignedHeaders', 'Signature=a, SignedHeaders') }), 'authorization-malformed'],
    ['a field that nobody knows', signed({ tamper: editAuthorization('SignedHeaders', 'X=a, SignedHeaders') }), 'authorization-malformed'],
  ])('%s', (_name, raw, code) => {
    expect(outcome(raw)).toBe(code);
  });

  test('the answer to a wrong region names the right one', () => {
    const verifier = new SignatureVerifier({ region, secretOf: () => credentials.secretAccessKey });
    const raw = signed({ signer: new RequestSigner(credentials, 'us-east-1') });
    expect(() => verifier.verify(parseRequest(raw), nowMs)).toThrow(/expecting 'eu-test-1'/);
  });
});

describe('time', () => {
  test.each<[string, RawRequest, number, string]>([
    ['exactly 15 minutes late', signed(), nowMs + allowedSkewMs, 'signed sha256'],
    ['a moment later', signed(), nowMs + allowedSkewMs + 1, 'time-skewed'],
    ['exactly 15 minutes early', signed(), nowMs - allowedSkewMs, 'signed sha256'],
    ['a moment earlier', signed(), nowMs - allowedSkewMs - 1, 'time-skewed'],
    ['presigned, at its end', presigned({ expiresSeconds: 900 }), nowMs + 900_000, 'presigned unsigned'],
    ['presigned, just after', presigned({ expiresSeconds: 900 }), nowMs + 900_001, 'request-expired'],
    ['presigned, a week later', presigned({ expiresSeconds: 604_800 }), nowMs + 604_800_000, 'presigned unsigned'],
    ['presigned, from the future', presigned(), nowMs - allowedSkewMs - 1, 'time-skewed'],
  ])('%s', (_name, raw, atMs, code) => {
    expect(outcome(raw, atMs)).toBe(code);
  });

  test.each(['0', '-1', '604801', '1e3', '', '+5', ' 5', '1.5', '0x10', '99999999999999999999'])(
    'X-Amz-Expires=%s is refused',
    (expires) => {
      expect(outcome(presigned({ tamper: setQuery('X-Amz-Expires', expires) }))).toBe('authorization-query-malformed');
    },
  );

  test('X-Amz-Expires has to be there', () => {
    expect(outcome(presigned({ tamper: setQuery('X-Amz-Expires', null) }))).toBe('authorization-query-malformed');
  });

  test.each(['20261124', '2026-11-24T12:00:00Z', '20261324T120000Z', '20261124T250000Z', 'Tue, 24 Nov 2026 12:00:00 GMT', ''])(
    'the date %j is refused',
    (date) => {
      expect(outcome(signed({ tamper: setHeader('x-amz-date', date) }))).toBe('authorization-malformed');
    },
  );
});

describe('what has to be signed', () => {
  test.each<[string, RawRequest, string]>([
    ['host', signed({ headers: {}, tamper: setHeader('host', 'localhost') }), 'access-denied'],
    [
      'host of a presigned request',
      presigned({ headers: { range: 'bytes=0-1' }, tamper: setHeader('host', 'localhost') }),
      'access-denied',
    ],
    ['x-amz-acl', signed({ tamper: setHeader('x-amz-acl', 'public-read') }), 'access-denied'],
    ['x-amz-acl of a presigned request', presigned({ tamper: setHeader('x-amz-acl', 'public-read') }), 'access-denied'],
    ['X-AMZ-META-A', signed({ tamper: setHeader('X-AMZ-META-A', '1') }), 'access-denied'],
    [
      'a signed header that is not there',
      signed({ headers: { ...host, range: 'bytes=0-1' }, tamper: (r) => void delete r.headers['range'] }),
      'signature-mismatch',
    ],
    ['upper-case names', signed({ tamper: editAuthorization('SignedHeaders=host', 'SignedHeaders=Host') }), 'authorization-malformed'],
    ['a name twice', signed({ tamper: editAuthorization('SignedHeaders=host', 'SignedHeaders=host;host') }), 'authorization-malformed'],
    ['any other header may be added on the way', signed({ tamper: setHeader('x-forwarded-for', '10.0.0.1') }), 'signed sha256'],
  ])('%s', (_name, raw, code) => {
    expect(outcome(raw)).toBe(code);
  });

  test.each<[string, Variation['tamper']]>([
    ['the method', (r) => void (r.method = 'DELETE')],
    ['the key', (r) => void (r.path = '/b/other')],
    ['the bucket', (r) => void (r.path = '/c/k')],
    ['the host', setHeader('host', 'elsewhere')],
    ['versionId', setQuery('versionId', '3')],
    ['response-content-type', setQuery('response-content-type', 'text/html')],
    ['a longer life', setQuery('X-Amz-Expires', '901')],
  ])('a presigned request is for one %s', (_name, tamper) => {
    expect(outcome(presigned({ tamper: tamper! }))).toBe('signature-mismatch');
  });
});

describe('signatures of odd shapes', () => {
  const odd = [
    '',
    '0',
    'z'.repeat(64),
    'a'.repeat(63),
    'a'.repeat(65),
    'A'.repeat(64),
    `${'a'.repeat(62)}é`,
    ' '.repeat(64),
    'a'.repeat(8000),
  ];
  test.each(odd)('%j in the header', (signature) => {
    const code = outcome(signed({ tamper: editAuthorization(/Signature=[0-9a-f]+$/, `Signature=${signature}`) }));
    expect(code).toBe(signature.trim() === '' ? 'authorization-malformed' : 'signature-mismatch');
  });

  test.each(odd)('%j in the query', (signature) => {
    const code = outcome(presigned({ tamper: setQuery('X-Amz-Signature', signature) }));
    expect(code).toBe(signature === '' ? 'authorization-query-malformed' : 'signature-mismatch');
  });
});

describe('the payload that x-amz-content-sha256 names', () => {
  test.each([
    ['UNSIGNED-PAYLOAD', 'signed unsigned'],
    [emptySha256, 'signed sha256'],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'signed streaming'],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'signed streaming'],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'signed streaming'],
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD', 'request-invalid'],
    ['STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER', 'request-invalid'],
    ['STREAMING-UNSIGNED-PAYLOAD', 'request-invalid'],
    ['unsigned-payload', 'request-invalid'],
    [emptySha256.toUpperCase(), 'request-invalid'],
    ['', 'request-invalid'],
    ['constructor', 'request-invalid'],
  ])('%s: %s', (payloadHash, code) => {
    expect(outcome(signed({ method: 'PUT', payloadHash }))).toBe(code);
  });

  test('a streaming literal does not excuse a bad signature', () => {
    const payloadHash = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
    const bad = new RequestSigner({ ...credentials, secretAccessKey: 'x' }, region);
    expect(outcome(signed({ method: 'PUT', payloadHash, signer: bad }))).toBe('signature-mismatch');
    const literal = { ...host, 'x-amz-content-sha256': payloadHash };
    expect(outcome(presigned({ method: 'PUT', headers: literal, signer: bad }))).toBe('signature-mismatch');
    expect(outcome(presigned({ method: 'PUT', tamper: setHeader('x-amz-content-sha256', payloadHash) }))).toBe('access-denied');
    expect(outcome(presigned({ method: 'PUT', query: [['X-Amz-Content-Sha256', payloadHash]], signer: bad }))).toBe('signature-mismatch');
  });
});

test('a secret that changed takes effect with the next request', () => {
  let secret = credentials.secretAccessKey;
  const verifier = new SignatureVerifier({ region, secretOf: () => secret });
  const request = parseRequest(signed());
  expect(verifier.verify(request, nowMs).accessKeyId).toBe('AKIDTEST');
  secret = 'rotated';
  expect(() => verifier.verify(request, nowMs)).toThrow(expect.objectContaining({ code: 'signature-mismatch' }) as Error);
});
