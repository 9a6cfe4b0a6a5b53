import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { canonicalQuery, emptySha256, encodePath } from '../s3/canonical.js';
import { operations, type Operation, type OperationRow } from '../s3/operations.js';
import { RequestSigner } from '../s3/sign.js';
import { doorCredentials, doorRegion, openS3Door, talk, type S3Door } from '../testing/s3-door.js';

let door: S3Door;
beforeAll(async () => {
  door = await openS3Door();
});
afterAll(() => door.close());
beforeEach(() => {
  door.verbs.length = 0;
});

interface Sent {
  method: string;
  path: string;
  query?: [string, string][];
  headers?: Record<string, string>;
  body?: Buffer;
}

interface Heard {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  code: string | null;
}

/** Sends exactly these headers. */
function send(to: S3Door, { method, path, query = [], headers = {}, body }: Sent): Promise<Heard> {
  const target = encodePath(path) + (query.length > 0 ? `?${canonicalQuery(query)}` : '');
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port: to.port, method, path: target, headers, agent: false }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        const code = /<Code>([^<]*)<\/Code>/.exec(text)?.[1] ?? null;
        resolve({ status: incoming.statusCode!, headers: incoming.headers, text, code });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const sha256 = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

/** Signed in its headers, with the hash of its body. */
function signed(to: S3Door, sent: Sent, signer = to.signer, payloadHash = sha256(sent.body ?? Buffer.alloc(0))): Sent {
  const length = sent.body ? { 'content-length': String(sent.body.length) } : {};
  const headers = { ...sent.headers, host: to.host };
  const all = signer.sign({ method: sent.method, path: sent.path, query: sent.query ?? [], headers }, payloadHash, Date.now());
  return { ...sent, headers: { ...all, ...length } };
}

function presigned(to: S3Door, sent: Sent, signer = to.signer): Sent {
  const headers = { host: to.host };
  const query = signer.presign({ method: sent.method, path: sent.path, query: sent.query ?? [], headers }, 60, Date.now());
  return { ...sent, headers, query: query.map(([name, value]): [string, string] => [name, value]) };
}

/** A request that is this operation. */
function sampleOf(row: OperationRow): Sent {
  const path = { service: '/', bucket: '/bkt', object: '/bkt/key' }[row.level];
  const query = [...(row.selectors ?? []), ...(row.oneOf?.slice(0, 1) ?? [])].map((name): [string, string] => [
    name,
    name === 'partNumber' ? '1' : name === 'list-type' ? '2' : '',
  ]);
  const headers = row.copies ? { 'x-amz-copy-source': 'bkt/other' } : {};
  return { method: row.method, path, query, headers, ...(row.body === 'none' ? {} : { body: Buffer.from('some bytes') }) };
}

const stranger = new RequestSigner({ accessKeyId: 'AKIDSTRANGER', secretAccessKey: doorCredentials.secretAccessKey }, doorRegion);
const forger = new RequestSigner({ ...doorCredentials, secretAccessKey: 'another-secret-than-that-of-the-door' }, doorRegion);
const elsewhere = new RequestSigner(doorCredentials, 'mars-north-1');

/** Each way to come without a right to, and how it is answered. */
const badAuthentications: Record<string, { make: (sent: Sent) => Sent; status: number }> = {
  nothing: { make: (sent) => ({ ...sent, headers: { ...sent.headers, host: door.host } }), status: 403 },
  'an unknown key': { make: (sent) => signed(door, sent, stranger), status: 403 },
  'a wrong secret': { make: (sent) => signed(door, sent, forger), status: 403 },
  'another region': { make: (sent) => signed(door, sent, elsewhere), status: 400 },
  'a wrong secret in the query': { make: (sent) => presigned(door, sent, forger), status: 403 },
  'an unknown key in the query': { make: (sent) => presigned(door, sent, stranger), status: 403 },
  'a signature in header and query': {
    make: (sent) => ({ ...presigned(door, sent), headers: signed(door, sent).headers! }),
    status: 400,
  },
  'a version 2 signature': {
    make: (sent) => ({ ...sent, headers: { ...sent.headers, host: door.host, authorization: 'AWS AKIDDOOR:c2lnbmF0dXJl' } }),
    status: 400,
  },
  'a version 2 signature in the query': {
    make: (sent) => ({
      ...sent,
      headers: { ...sent.headers, host: door.host },
      query: [...(sent.query ?? []), ['AWSAccessKeyId', 'AKIDDOOR'], ['Signature', 'c2ln'], ['Expires', '9999999999']],
    }),
    status: 400,
  },
  'a bearer token': {
    make: (sent) => ({ ...sent, headers: { ...sent.headers, host: door.host, authorization: 'Bearer x' } }),
    status: 400,
  },
  'an unsigned x-amz header': {
    make: (sent) => {
      const all = signed(door, sent);
      return { ...all, headers: { ...all.headers, 'x-amz-meta-extra': 'x' } };
    },
    status: 403,
  },
};

const payloads = [
  'sha256',
  'UNSIGNED-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-INVENTED-PAYLOAD',
];

const rows = Object.entries(operations) as [Operation, OperationRow][];

describe('nobody gets past the door without a valid signature:', () => {
  for (const [kind, { make, status }] of Object.entries(badAuthentications)) {
    it(`${kind} is refused for every operation and every kind of payload`, async () => {
      for (const [operation, row] of rows) {
        for (const payload of payloads) {
          const sample = sampleOf(row);
          const request = make(sample);
          // The claim about the payload changes nothing: a forged one, put in afterwards, breaks the signature as well.
          if (payload !== 'sha256') request.headers = { ...request.headers, 'x-amz-content-sha256': payload };
          const heard = await send(door, request);
          const hasCode = heard.code !== null || request.method === 'HEAD';
          const isExpected = payload === 'sha256' ? heard.status === status : heard.status === 403 || heard.status === 400;
          expect({ operation, payload, status: heard.status, hasCode, isExpected }).toMatchObject({ hasCode: true, isExpected: true });
        }
      }
      expect(door.verbs).toEqual([]);
      expect(door.writtenBytes()).toBe(0);
    }, 60_000);
  }

  it('a streaming payload belongs to bodies of bytes, and literals that nobody knows to none', async () => {
    for (const [operation, row] of rows) {
      for (const payload of payloads.slice(2)) {
        const isKnown = payload !== 'STREAMING-INVENTED-PAYLOAD';
        if (row.body === 'bytes' && isKnown) continue;
        const heard = await send(door, signed(door, sampleOf(row), door.signer, payload));
        expect([operation, payload, heard.status]).toEqual([operation, payload, 400]);
      }
    }
    expect(door.verbs).toEqual([]);
  });
});

describe('a body', () => {
  const key = '/bkt/a key';
  const body = Buffer.from('the quick brown fox');
  const put = (headers: Record<string, string>, content = body): Sent => ({ method: 'PUT', path: key, headers, body: content });

  it('comes back with its attributes, and HEAD tells the same without it', async () => {
    const etag = createHash('md5').update(body).digest('hex');
    const headers = { 'content-type': 'text/fox', 'x-amz-meta-color': 'brown', 'x-amz-checksum-crc32c': 'gMnLyw==' };
    const wrong = await send(door, signed(door, put(headers)));
    expect([wrong.status, wrong.code]).toEqual([400, 'BadDigest']);
    const { 'x-amz-checksum-crc32c': _wrong, ...right } = headers;
    const stored = await send(door, signed(door, put(right)));
    expect([stored.status, stored.headers['etag'], stored.text]).toEqual([200, `"${etag}"`, '']);

    const got = await send(door, signed(door, { method: 'GET', path: key }));
    expect(got.text).toBe(body.toString());
    expect(got.headers).toMatchObject({
      'content-type': 'text/fox',
      'x-amz-meta-color': 'brown',
      etag: `"${etag}"`,
      'content-length': '19',
      'accept-ranges': 'bytes',
      'last-modified': 'Thu, 01 Jan 1970 00:00:01 GMT',
    });
    const head = await send(door, signed(door, { method: 'HEAD', path: key }));
    const { date: _a, 'x-amz-request-id': _b, ...same } = got.headers;
    expect(head.headers).toMatchObject(same);
    expect(head.text).toBe('');
  });

  it.each([
    ['bytes=0-2', 206, 'the', 'bytes 0-2/19'],
    ['bytes=-3', 206, 'fox', 'bytes 16-18/19'],
    ['bytes=16-', 206, 'fox', 'bytes 16-18/19'],
    ['bytes=0-1,3-4', 200, body.toString(), undefined],
    ['bytes=9-3', 200, body.toString(), undefined],
  ])('is read in the range %s', async (range, status, text, contentRange) => {
    await send(door, signed(door, put({})));
    const got = await send(door, signed(door, { method: 'GET', path: key, headers: { range } }));
    expect([got.status, got.text, got.headers['content-range']]).toEqual([status, text, contentRange]);
  });

  it('has no byte behind its end', async () => {
    await send(door, signed(door, put({})));
    const got = await send(door, signed(door, { method: 'GET', path: key, headers: { range: 'bytes=19-' } }));
    expect([got.status, got.code, got.headers['content-range']]).toEqual([416, 'InvalidRange', 'bytes */19']);
    expect(got.text).toContain('<ActualObjectSize>19</ActualObjectSize>');
  });

  it('is read under conditions', async () => {
    await send(door, signed(door, put({})));
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const read = async (headers: Record<string, string>): Promise<[number, string | null]> => {
      const got = await send(door, signed(door, { method: 'GET', path: key, headers }));
      return [got.status, got.code];
    };
    expect(await read({ 'if-none-match': etag })).toEqual([304, null]);
    expect(await read({ 'if-match': '"x"' })).toEqual([412, 'PreconditionFailed']);
    expect(await read({ 'if-match': etag, 'if-unmodified-since': 'Wed, 31 Dec 1969 23:59:59 GMT' })).toEqual([200, null]);
    expect(await read({ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:01 GMT' })).toEqual([304, null]);
    expect(await read({ range: 'bytes=0-0', 'if-range': '"x"' })).toEqual([200, null]);
    expect(await read({ range: 'bytes=0-0', 'if-range': etag })).toEqual([206, null]);
  });

  it('of no bytes needs no chunk', async () => {
    const before = door.writtenBytes();
    expect((await send(door, signed(door, put({}, Buffer.alloc(0))))).status).toBe(200);
    const got = await send(door, signed(door, { method: 'GET', path: key }));
    expect([got.status, got.text, got.headers['content-length']]).toEqual([200, '', '0']);
    expect(door.writtenBytes()).toBe(before);
  });

  it.each<[string, Sent, number, string]>([
    ['a wrong Content-MD5', put({ 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }), 400, 'BadDigest'],
    ['a Content-MD5 that is none', put({ 'content-md5': 'abc' }), 400, 'InvalidDigest'],
    ['two checksums', put({ 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' }), 400, 'InvalidRequest'],
    ['an unknown checksum', put({ 'x-amz-checksum-md4': 'AAAAAA==' }), 400, 'InvalidRequest'],
    ['too much metadata', put({ 'x-amz-meta-a': 'x'.repeat(2048) }), 400, 'MetadataTooLarge'],
    ['encryption', put({ 'x-amz-server-side-encryption': 'AES256' }), 501, 'NotImplemented'],
    ['tags', put({ 'x-amz-tagging': 'a=b' }), 501, 'NotImplemented'],
    ['a public ACL', put({ 'x-amz-acl': 'public-read' }), 501, 'NotImplemented'],
    ['an ETag that must not be there', put({ 'if-none-match': '"abc"' }), 501, 'NotImplemented'],
    ['a bucket that is not there', { ...put({}), path: '/no-such-bucket/k' }, 404, 'NoSuchBucket'],
    ['a bucket name that cannot be', { ...put({}), path: '/No/k' }, 400, 'InvalidBucketName'],
    ['a key of 1025 bytes', { ...put({}), path: `/bkt/${'k'.repeat(1025)}` }, 400, 'KeyTooLongError'],
    ['an ACL in place of an object', { ...put({}), query: [['acl', '']] }, 501, 'NotImplemented'],
    [
      'a part number out of range',
      {
        ...put({}),
        query: [
          ['partNumber', '10001'],
          ['uploadId', 'u'],
        ],
      },
      400,
      'InvalidArgument',
    ],
    ['XML that is none', { method: 'POST', path: '/bkt', query: [['delete', '']], body: Buffer.from('<Delete>') }, 400, 'MalformedXML'],
    [
      'a document type',
      { method: 'POST', path: '/bkt', query: [['delete', '']], body: Buffer.from('<!DOCTYPE a><Delete/>') },
      400,
      'MalformedXML',
    ],
    ['XML that is too large', { method: 'PUT', path: '/new-bucket', body: Buffer.alloc(65 * 1024, ' ') }, 400, 'MalformedXML'],
    [
      'another location',
      {
        method: 'PUT',
        path: '/new-bucket',
        body: Buffer.from('<CreateBucketConfiguration><LocationConstraint>x</LocationConstraint></CreateBucketConfiguration>'),
      },
      400,
      'InvalidLocationConstraint',
    ],
    ['a version that is not there', { method: 'GET', path: key, query: [['versionId', 'abc']] }, 400, 'InvalidArgument'],
    ['a header that would be split', { method: 'GET', path: key, query: [['response-content-type', 'a\r\nb: c']] }, 400, 'InvalidArgument'],
    ['a key that is not there', { method: 'GET', path: '/bkt/nothing' }, 404, 'NoSuchKey'],
    ['an unknown method', { method: 'PATCH', path: key }, 405, 'MethodNotAllowed'],
    ['a copy of nothing', { method: 'PUT', path: key, headers: { 'x-amz-copy-source': 'bkt' } }, 400, 'InvalidArgument'],
    ['a copy onto itself', { method: 'PUT', path: '/bkt/k', headers: { 'x-amz-copy-source': 'bkt/k' } }, 400, 'InvalidRequest'],
  ])('with %s is refused, and nothing is stored', async (_what, sent, status, code) => {
    const before = [door.writtenBytes(), door.verbs.filter((verb) => verb.startsWith('commit')).length];
    const heard = await send(door, signed(door, sent));
    expect([heard.status, heard.code]).toEqual([status, code]);
    expect(heard.text).toContain(`<RequestId>${String(heard.headers['x-amz-request-id'])}</RequestId>`);
    expect([door.writtenBytes(), door.verbs.filter((verb) => verb.startsWith('commit')).length]).toEqual(before);
  });

  it('that is not what was signed is refused, and nothing is stored', async () => {
    const before = door.writtenBytes();
    const heard = await send(door, { ...signed(door, put({})), body: Buffer.from('the quick brown cat') });
    expect([heard.status, heard.code, door.writtenBytes()]).toEqual([400, 'XAmzContentSHA256Mismatch', before]);
  });

  it('of a presigned request with checksum headers in its query is held to them', async () => {
    const query: [string, string][] = [['x-amz-checksum-crc32', 'AAAAAA==']];
    const heard = await send(door, { ...presigned(door, { method: 'PUT', path: key, query }), body });
    expect([heard.status, heard.code]).toEqual([400, 'BadDigest']);
  });

  it('can be larger than memory is reserved at once', async () => {
    const content = Buffer.alloc(3 * 1024 * 1024, 'abc');
    expect((await send(door, signed(door, put({}, content)))).status).toBe(200);
    const got = await send(door, signed(door, { method: 'GET', path: key, headers: { range: 'bytes=3000000-3000005' } }));
    expect(got.text).toBe('abcabc');
  });
});

describe('keys are taken literally', () => {
  it.each([
    'a/../b',
    '..',
    '.',
    'a//b',
    '//',
    '%2e%2e',
    'a+b',
    'a b',
    ' ',
    '🌍/ü',
    '\\..\\x',
    "it's (1)*!",
    'a?b#c&d=e',
    '__proto__',
    'a\u0001b',
  ])('%j comes back from where it was put', async (key) => {
    const path = `/bkt/${key}`;
    const body = Buffer.from(key);
    expect((await send(door, signed(door, { method: 'PUT', path, body }))).status).toBe(200);
    expect(door.objects.has(key)).toBe(true);
    expect((await send(door, signed(door, { method: 'GET', path }))).text).toBe(key);
  });
});

const line = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

describe('on the socket', () => {
  it('health needs no signature and nothing else does without', async () => {
    expect(await talk(door.port, line('GET /-/healthy HTTP/1.1', 'Host: x', 'Connection: close'))).toMatch(/^HTTP\/1.1 200 OK[^]*ok\n$/);
    expect(await talk(door.port, line('GET /-/metrics HTTP/1.1', 'Host: x', 'Connection: close'))).toMatch(/^HTTP\/1.1 400 /);
    expect(await talk(door.port, line('GET /metrics HTTP/1.1', 'Host: x', 'Connection: close'))).toMatch(/^HTTP\/1.1 403 /);
  });

  it.each([
    ['both lengths', line('PUT /bkt/k HTTP/1.1', 'Host: x', 'Content-Length: 3', 'Transfer-Encoding: chunked')],
    ['two lengths', line('PUT /bkt/k HTTP/1.1', 'Host: x', 'Content-Length: 3', 'Content-Length: 4')],
    ['a length that is none', line('PUT /bkt/k HTTP/1.1', 'Host: x', 'Content-Length: -1')],
    ['a folded header', line('GET /bkt/k HTTP/1.1', 'Host: x', 'A: b', ' c')],
    ['a space before the colon', line('GET /bkt/k HTTP/1.1', 'Host : x')],
    ['bare line feeds', 'GET /bkt/k HTTP/1.1\nHost: x\n\n'],
    ['two hosts', line('GET /bkt/k HTTP/1.1', 'Host: x', 'Host: y', 'Connection: close')],
    ['an absolute target', line('GET http://evil/bkt/k HTTP/1.1', 'Host: x', 'Connection: close')],
    ['a GET with a body', `${line('GET /bkt/k HTTP/1.1', 'Host: x', 'Content-Length: 3', 'Connection: close')}abc`],
    ['a path that is not UTF-8', line('GET /bkt/%ff HTTP/1.1', 'Host: x', 'Connection: close')],
    ['two authorizations', line('GET /bkt/k HTTP/1.1', 'Host: x', 'Authorization: a', 'Authorization: b', 'Connection: close')],
    ['300 headers', line('GET /bkt/k HTTP/1.1', 'Host: x', 'Connection: close', ...Array.from({ length: 300 }, (_, i) => `X-${i}: y`))],
    ['a null byte', line('GET /bkt/k HTTP/1.1', 'Host: x', 'A: b\0c')],
    ['no HTTP', 'HELO mail\r\n\r\n'],
  ])('%s is refused with 400', async (_what, bytes) => {
    const heard = await talk(door.port, bytes, { until: '</Error>' });
    expect(heard).toMatch(/^HTTP\/1.1 400 /);
    expect(heard).toContain('<Code>');
  });

  it('headers that are too large are refused with 431', async () => {
    expect(await talk(door.port, line('GET /bkt/k HTTP/1.1', `A: ${'x'.repeat(40_000)}`))).toMatch(/^HTTP\/1.1 431 /);
  });

  it('a body is asked for only after its signature was found good', async () => {
    const bad = await talk(door.port, line('PUT /bkt/k HTTP/1.1', 'Host: x', 'Content-Length: 3', 'Expect: 100-continue'), {
      until: '</Error>',
    });
    expect(bad).toMatch(/^HTTP\/1.1 403 /);
    expect(bad.toLowerCase()).toContain('connection: close');
    const headers = door.signer.sign(
      { method: 'PUT', path: '/bkt/k', query: [], headers: { host: door.host } },
      'UNSIGNED-PAYLOAD',
      Date.now(),
    );
    const head = line(
      'PUT /bkt/k HTTP/1.1',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      'Content-Length: 3',
      'Expect: 100-continue',
      'Connection: close',
    );
    const good = await talk(door.port, head, { until: '100 Continue' });
    expect(good).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  });

  it('a body that ends early stores nothing', async () => {
    const headers = door.signer.sign(
      { method: 'PUT', path: '/bkt/cut', query: [], headers: { host: door.host } },
      'UNSIGNED-PAYLOAD',
      Date.now(),
    );
    const head = line(
      'PUT /bkt/cut HTTP/1.1',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      'Content-Length: 10',
    );
    await talk(door.port, `${head}abc`, { ends: true });
    expect(door.objects.has('cut')).toBe(false);
    expect(door.verbs).not.toContain('commitObject');
  });

  it('an answer that comes before the end of a large body reaches the client', async () => {
    const heard = await send(door, {
      method: 'PUT',
      path: '/bkt/k',
      headers: { host: door.host, 'content-length': '100' },
      body: Buffer.alloc(100),
    });
    expect([heard.status, heard.headers['connection']]).toEqual([403, 'close']);
  });

  it('no key and no secret is ever told', async () => {
    const heard = await send(door, signed(door, { method: 'GET', path: '/bkt/k' }, forger));
    expect(heard.code).toBe('SignatureDoesNotMatch');
    expect(heard.text).not.toContain(doorCredentials.secretAccessKey);
    expect(heard.text).not.toMatch(/at .*\.(?:ts|js)/);
  });

  it('an unexpected failure says nothing of itself', async () => {
    const heard = await send(door, signed(door, { method: 'DELETE', path: '/bkt/k' }));
    expect([heard.status, heard.code]).toEqual([500, 'InternalError']);
    expect(heard.text).not.toContain('TypeError');
  });
});

describe('virtual hosts', () => {
  it('name the bucket in front of the base domain', async () => {
    const virtual = await openS3Door({ baseDomain: 's3.test' });
    try {
      const headers = virtual.signer.sign(
        { method: 'PUT', path: '/k', query: [], headers: { host: 'bkt.s3.test' } },
        emptySha256,
        Date.now(),
      );
      const heard = await send(virtual, { method: 'PUT', path: '/k', headers: { ...headers, 'content-length': '0' } });
      expect(heard.status).toBe(200);
      expect([...virtual.objects.keys()]).toEqual(['k']);
    } finally {
      await virtual.close();
    }
  });
});

describe('overload', () => {
  it('is told early, with a time to come again', async () => {
    const busy = await openS3Door({ limits: { bytesMax: 10, waitingMax: 0 } });
    try {
      const heard = await send(busy, signed(busy, { method: 'PUT', path: '/bkt/k', body: Buffer.alloc(11) }));
      expect([heard.status, heard.code, heard.headers['retry-after']]).toEqual([503, 'SlowDown', '1']);
      expect((await send(busy, signed(busy, { method: 'PUT', path: '/bkt/k', body: Buffer.alloc(10) }))).status).toBe(200);
    } finally {
      await busy.close();
    }
  });
});
