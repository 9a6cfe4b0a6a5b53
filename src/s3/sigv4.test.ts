import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal, refusals } from '../model/refusal.js';
import { parseRequest, type RawRequest } from './raw-request.js';
import { RequestSigner } from './sign.js';
import { SignatureVerifier, type VerifiedRequest } from './sigv4.js';

const accessKeyId = 'AKIAIOSFODNN7EXAMPLE';
const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const region = 'us-east-1';
const verifier = new SignatureVerifier({ region, secretOf: (id) => (id === accessKeyId ? secretAccessKey : null) });
const nowMs = Date.UTC(2013, 4, 24);

function verify(raw: RawRequest, atMs = nowMs): VerifiedRequest {
  return verifier.verify(parseRequest(raw), atMs);
}

/** The refusal's code, or 'accepted'. Anything thrown that is not a refusal fails the test. */
function outcome(raw: RawRequest, atMs = nowMs): string {
  try {
    verify(raw, atMs);
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'accepted';
}

function raw(method: string, rawTarget: string, headers: Record<string, string>): RawRequest {
  return { method, rawTarget, rawHeaders: Object.entries(headers).flat() };
}

function authorization(signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
}

describe('the examples that AWS publishes', () => {
  const host = 'examplebucket.s3.amazonaws.com';
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const date = '20130524T000000Z';
  test.each([
    [
      'GetObject with a range',
      raw('GET', '/test.txt', {
        Host: host,
        Range: 'bytes=0-9',
        'x-amz-content-sha256': empty,
        'x-amz-date': date,
        Authorization: authorization(
          'host;range;x-amz-content-sha256;x-amz-date',
          'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
        ),
      }),
    ],
    [
      'PutObject',
      raw('PUT', '/test$file.text', {
        Host: host,
        Date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-date': date,
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        Authorization: authorization(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        ),
      }),
    ],
    [
      'a subresource',
      raw('GET', '/?lifecycle', {
        Host: host,
        'x-amz-content-sha256': empty,
        'x-amz-date': date,
        Authorization: authorization(
          'host;x-amz-content-sha256;x-amz-date',
          'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
        ),
      }),
    ],
    [
      'a list with a query',
      raw('GET', '/?max-keys=2&prefix=J', {
        Host: host,
        'x-amz-content-sha256': empty,
        'x-amz-date': date,
        Authorization: authorization(
          'host;x-amz-content-sha256;x-amz-date',
          '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
        ),
      }),
    ],
    [
      'a presigned request',
      raw(
        'GET',
        `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${accessKeyId}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=${date}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
        { Host: host },
      ),
    ],
  ])('%s is accepted', (_name, request) => {
    expect(outcome(request)).toBe('accepted');
  });
});

/** What a test says about an honest request. */
interface Honest {
  method: string;
  key: string;
  query: Record<string, string>;
  metadata: Record<string, string>;
  body: string;
}

const honest: fc.Arbitrary<Honest> = fc.record({
  method: fc.constantFrom('GET', 'PUT', 'HEAD', 'DELETE', 'POST'),
  key: fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.string({ unit: fc.constantFrom(...Array.from(`ab/.%+ !*'()&=?#~\\$@:;,"<>[]{}|^\`é€😀`)), minLength: 1, maxLength: 30 }),
  ),
  query: fc.dictionary(
    fc.string({ unit: fc.constantFrom(...Array.from('abB-+& =é/~*')), minLength: 1, maxLength: 8 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    {
      maxKeys: 4,
      noNullPrototype: true,
    },
  ),
  metadata: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), fc.stringMatching(/^[!-~]([ -~]{0,12}[!-~])?$/), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
  body: fc.string({ maxLength: 20 }),
});

/** SHA-256, with a key or without, in the shape that the oracle asks for. */
class OracleHash {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else if (typeof secret === 'string') this.#hash = createHmac('sha256', secret);
    else
      this.#hash = createHmac(
        'sha256',
        ArrayBuffer.isView(secret) ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength) : new Uint8Array(secret),
      );
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('not needed by the signer');
  }
}

const oracle = new SignatureV4({
  credentials: { accessKeyId, secretAccessKey },
  region,
  service: 's3',
  sha256: OracleHash,
  uriEscapePath: false,
});

/** As the SDK writes a key into a path. */
function sdkEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.codePointAt(0)!.toString(16).toUpperCase()}`);
}

function oracleRequest({ method, key, query, metadata }: Honest, payloadHash: string) {
  const headers: Record<string, string> = { host: 'bucket.localhost:9000' };
  for (const [name, value] of Object.entries(metadata)) headers[`x-amz-meta-${name}`] = value;
  headers['x-amz-content-sha256'] = payloadHash;
  return {
    method,
    protocol: 'http:',
    hostname: 'bucket.localhost',
    port: 9000,
    path: `/${key.split('/').map(sdkEncode).join('/')}`,
    query,
    headers,
  };
}

function toRaw(request: {
  method: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
}): RawRequest {
  const pairs = Object.entries(request.query ?? {}).map(([name, value]) => `${sdkEncode(name)}=${sdkEncode(String(value))}`);
  return raw(request.method, pairs.length === 0 ? request.path : `${request.path}?${pairs.join('&')}`, request.headers);
}

async function signedByOracle(request: Honest): Promise<RawRequest> {
  const payloadHash = createHash('sha256').update(request.body).digest('hex');
  return toRaw(await oracle.sign(oracleRequest(request, payloadHash), { signingDate: new Date(nowMs) }));
}

async function presignedByOracle(request: Honest): Promise<RawRequest> {
  const presigned = await oracle.presign(oracleRequest(request, 'UNSIGNED-PAYLOAD'), {
    signingDate: new Date(nowMs),
    expiresIn: 900,
    unhoistableHeaders: new Set(Object.keys(request.metadata).map((name) => `x-amz-meta-${name}`)),
  });
  return toRaw(presigned);
}

describe('against the signer of the AWS SDK', () => {
  test('every honest request is accepted, whatever its key, query and metadata', async () => {
    await fc.assert(
      fc.asyncProperty(honest, fc.boolean(), async (request, presigned) => {
        const signed = presigned ? await presignedByOracle(request) : await signedByOracle(request);
        expect(verify(signed)).toMatchObject({ accessKeyId, presigned });
      }),
      { numRuns: 400 },
    );
  });

  test('our own signer is accepted too, in header and query', () => {
    const signer = new RequestSigner({ accessKeyId, secretAccessKey }, region);
    fc.assert(
      fc.property(honest, ({ method, key, query, metadata, body }) => {
        const headers: Record<string, string> = { host: 'localhost:9000' };
        for (const [name, value] of Object.entries(metadata)) headers[`x-amz-meta-${name}`] = value;
        const request = { method, path: `/${key}`, query: Object.entries(query), headers };
        const path = `/${key.split('/').map(sdkEncode).join('/')}`;
        const payload = createHash('sha256').update(body).digest('hex');
        const signed = verify(toRaw({ method, path, query, headers: signer.sign(request, payload, nowMs) }));
        expect(signed.payload).toEqual({ kind: 'sha256', sha256: payload });
        const presignedQuery = Object.fromEntries(signer.presign(request, 60, nowMs));
        expect(verify(toRaw({ method, path, query: presignedQuery, headers }), nowMs + 60_000).payload).toEqual({ kind: 'unsigned' });
      }),
      { numRuns: 200 },
    );
  });

  test('a request with exactly one element changed is refused with a 4xx', async () => {
    let mutantsTried = 0;
    await fc.assert(
      fc.asyncProperty(honest, fc.boolean(), fc.nat(), async (request, presigned, where) => {
        const signed = presigned ? await presignedByOracle(request) : await signedByOracle(request);
        for (const mutant of mutantsOf(signed, where)) {
          const code = outcome(mutant);
          if (code === 'accepted') expect(mutant).toBe('refused');
          expect(refusals[code as keyof typeof refusals].status).toBeLessThan(500);
          mutantsTried += 1;
        }
      }),
      { numRuns: 700 },
    );
    expect(mutantsTried).toBeGreaterThan(10_000);
  });
});

/** Every way in which the request differs in one element; `where` picks the place inside the element. */
function mutantsOf(honestRequest: RawRequest, where: number): RawRequest[] {
  const { method, rawTarget, rawHeaders } = honestRequest;
  const [path, query] = rawTarget.split('?', 2) as [string, string | undefined];
  const withHeaders = (headers: string[]): RawRequest => ({ method, rawTarget, rawHeaders: headers });
  const withTarget = (target: string): RawRequest => ({ method, rawTarget: target, rawHeaders });
  const mutants = [
    { ...honestRequest, method: method === 'PUT' ? 'POST' : 'PUT' },
    withTarget(`${path}x${query === undefined ? '' : `?${query}`}`),
    withTarget(`/x${path.slice(1)}${query === undefined ? '' : `?${query}`}`),
    withTarget(`${rawTarget}${query === undefined ? '?' : '&'}versionId=1`),
    withHeaders([...rawHeaders, 'x-amz-acl', 'public-read']),
  ];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name, value] = [rawHeaders[at]!, rawHeaders[at + 1]!];
    mutants.push(withHeaders([...rawHeaders.slice(0, at), ...rawHeaders.slice(at + 2)]));
    mutants.push(withHeaders(rawHeaders.with(at + 1, changedAt(value, where))));
    if (name !== 'authorization') mutants.push(withHeaders([...rawHeaders, name, value]));
  }
  const pairs = query === undefined ? [] : query.split('&');
  for (const [at, pair] of pairs.entries()) {
    mutants.push(withTarget(`${path}?${[...pairs.slice(0, at), ...pairs.slice(at + 1)].join('&')}`));
    mutants.push(withTarget(`${path}?${pairs.with(at, `${pair}0`).join('&')}`));
  }
  return mutants;
}

/** One character becomes another visible one. */
function changedAt(value: string, where: number): string {
  const at = where % value.length;
  return `${value.slice(0, at)}${value[at] === '7' ? '8' : '7'}${value.slice(at + 1)}`;
}
