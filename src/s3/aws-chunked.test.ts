import { hash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../model/refusal.js';
import { AwsChunkedDecoder, type ChunkSigning } from './aws-chunked.js';
import { emptySha256 } from './canonical.js';
import { deriveSigningKey } from './signing-key.js';

const signing: ChunkSigning = {
  key: deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '20130524', 'us-east-1'),
  timestamp: '20130524T000000Z',
  scope: '20130524/us-east-1/s3/aws4_request',
  seedSignature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};

interface Framing {
  trailer: boolean;
  signing: ChunkSigning | null;
}

/** Feeds the body in pieces of `pieceBytes`; answers the decoded text and the trailers, or the refusal's code. */
function decode(
  body: string | Buffer,
  framing: Framing & { lengthBytes: number },
  pieceBytes = 7,
): { text: string; trailers: Record<string, string> } | string {
  const decoder = new AwsChunkedDecoder(framing);
  const bytes = Buffer.from(body);
  const decoded: Buffer[] = [];
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) decoded.push(...decoder.push(bytes.subarray(at, at + pieceBytes)));
    decoder.end();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return { text: Buffer.concat(decoded).toString(), trailers: Object.fromEntries(decoder.trailers) };
}

function signText(algorithm: string, previous: string, rest: string): string {
  const text = `${algorithm}\n${signing.timestamp}\n${signing.scope}\n${previous}\n${rest}`;
  return signing.key.sign(text);
}

/** Frames the chunks as a client does. */
function encode(chunks: string[], framing: Framing, trailers: Record<string, string> = {}): string {
  let body = '';
  let previous = signing.seedSignature;
  for (const chunk of [...chunks, '']) {
    body += Buffer.byteLength(chunk).toString(16);
    if (framing.signing !== null) {
      previous = signText('AWS4-HMAC-SHA256-PAYLOAD', previous, `${emptySha256}\n${hash('sha256', chunk)}`);
      body += `;chunk-signature=${previous}`;
    }
    body += chunk === '' ? '\r\n' : `\r\n${chunk}\r\n`;
  }
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}`);
  if (framing.trailer && framing.signing !== null) {
    const text = lines.map((line) => `${line}\n`).join('');
    lines.push(`x-amz-trailer-signature:${signText('AWS4-HMAC-SHA256-TRAILER', previous, hash('sha256', text))}`);
  }
  return `${body}${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

const unsignedTrailer: Framing = { trailer: true, signing: null };
const signedPlain: Framing = { trailer: false, signing };
const signedTrailer: Framing = { trailer: true, signing };
const framings = [unsignedTrailer, signedPlain, signedTrailer];

describe('the examples that AWS publishes', () => {
  const [first, second] = ['a'.repeat(65_536), 'a'.repeat(1024)];

  test('signed chunks', () => {
    const body =
      `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${first}\r\n` +
      `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${second}\r\n` +
      '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n';
    for (const pieceBytes of [1000, 65_536, body.length]) {
      expect(decode(body, { ...signedPlain, lengthBytes: 66_560 }, pieceBytes)).toEqual({ text: first + second, trailers: {} });
    }
  });

  test('signed chunks with a signed trailer', () => {
    const body =
      `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${first}\r\n` +
      `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${second}\r\n` +
      '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
      'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
      'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n';
    const seeded = { ...signing, seedSignature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e' };
    expect(decode(body, { trailer: true, signing: seeded, lengthBytes: 66_560 }, 5000)).toEqual({
      text: first + second,
      trailers: { 'x-amz-checksum-crc32c': 'sOO8/Q==' },
    });
  });
});

describe('honest bodies', () => {
  test('come out as they went in, however they are cut into chunks and pieces', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...framings),
        fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        (framing, chunks, pieceBytes) => {
          const trailers = framing.trailer ? { 'x-amz-checksum-crc32': 'AAAAAA==' } : {};
          const text = chunks.join('');
          const body = encode(chunks, framing, trailers);
          expect(decode(body, { ...framing, lengthBytes: Buffer.byteLength(text) }, pieceBytes)).toEqual({ text, trailers });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('bytes are handed on without being copied', () => {
    const body = Buffer.from(encode(['hello'], unsignedTrailer));
    const [piece] = new AwsChunkedDecoder({ ...unsignedTrailer, lengthBytes: 5 }).push(body);
    expect(piece!.buffer).toBe(body.buffer);
  });

  test('a trailer section may have an empty line before its signature, and lines that end in LF (minio-go)', () => {
    const body = encode(['hello'], signedTrailer, { 'x-amz-checksum-crc32': 'AAAAAA==' }).replace('AAAAAA==\r\n', 'AAAAAA==\n\r\n');
    expect(decode(body, { ...signedTrailer, lengthBytes: 5 })).toEqual({ text: 'hello', trailers: { 'x-amz-checksum-crc32': 'AAAAAA==' } });
  });

  test('an unsigned trailer section may end with the body', () => {
    expect(decode('5\r\nhello\r\n0\r\nx-a:1\r\n', { ...unsignedTrailer, lengthBytes: 5 })).toEqual({
      text: 'hello',
      trailers: { 'x-a': '1' },
    });
  });
});

describe('malformed bodies', () => {
  const hello = 'hello';
  test.each<[string, string, Framing, string]>([
    ['an empty body', '', unsignedTrailer, 'body-incomplete'],
    ['no last chunk', '5\r\nhello\r\n', unsignedTrailer, 'body-incomplete'],
    ['an end within a chunk', '5\r\nhel', unsignedTrailer, 'body-incomplete'],
    ['an end within the trailer', '5\r\nhello\r\n0\r\nx-amz-che', unsignedTrailer, 'body-incomplete'],
    ['an end after the last size line', '5\r\nhello\r\n0\r\n', unsignedTrailer, 'body-incomplete'],
    ['fewer bytes than declared', '4\r\nhell\r\n0\r\n\r\n', unsignedTrailer, 'body-incomplete'],
    ['more bytes than declared', '6\r\nhello!\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a size of -1', '-1\r\nhello\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a size of 0x5', '0x5\r\nhello\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a size of 17 digits', `${'0'.repeat(16)}5\r\nhello\r\n0\r\n\r\n`, unsignedTrailer, 'request-invalid'],
    ['a size of 16 digits f', `${'f'.repeat(16)}\r\nhello\r\n0\r\n\r\n`, unsignedTrailer, 'request-invalid'],
    ['a size with a space', '5 \r\nhello\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['no size', '\r\nhello\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a size line that never ends', 'a'.repeat(1000), unsignedTrailer, 'request-invalid'],
    ['a size line that ends in LF', '5\nhello\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['an unknown extension', '5;x=1\r\nhello\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a chunk longer than its size', '4\r\nhello\r\n0\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['bytes after the end', `5\r\nhello\r\n0\r\n\r\nx`, unsignedTrailer, 'request-invalid'],
    ['a trailer without a colon', '5\r\nhello\r\n0\r\nabc\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a trailer without a name', '5\r\nhello\r\n0\r\n:abc\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a trailer twice', '5\r\nhello\r\n0\r\na:1\r\nA:2\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a trailer signature nobody can check', '5\r\nhello\r\n0\r\nx-amz-trailer-signature:a\r\n\r\n', unsignedTrailer, 'request-invalid'],
    ['a trailer line that never ends', `5\r\nhello\r\n0\r\n${'a'.repeat(2000)}`, unsignedTrailer, 'request-invalid'],
    [
      'too many trailers',
      `5\r\nhello\r\n0\r\n${Array.from({ length: 20 }, (_, at) => `x${at}:1\r\n`).join('')}\r\n`,
      unsignedTrailer,
      'request-invalid',
    ],
    ['no chunk signatures', '5\r\nhello\r\n0\r\n\r\n', signedPlain, 'request-invalid'],
    ['a trailer where none was announced', encode([hello], signedPlain).replace(/\r\n$/, 'x-a:1\r\n\r\n'), signedPlain, 'request-invalid'],
    ['a signed body without its last empty line', encode([hello], signedPlain).slice(0, -2), signedPlain, 'body-incomplete'],
    ['no trailer signature', encode([hello], signedPlain), signedTrailer, 'body-incomplete'],
    ['changed bytes', encode([hello], signedPlain).replace('hello', 'hellO'), signedPlain, 'signature-mismatch'],
    ['a changed trailer', encode([hello], signedTrailer, { 'x-a': '1' }).replace('x-a:1', 'x-a:2'), signedTrailer, 'signature-mismatch'],
    ['a trailer left out', encode([hello], signedTrailer, { 'x-a': '1' }).replace('x-a:1\r\n', ''), signedTrailer, 'signature-mismatch'],
    [
      'a signature in upper case',
      encode([hello], signedPlain).replace(/=[0-9a-f]{64}/, (text) => text.toUpperCase()),
      signedPlain,
      'request-invalid',
    ],
    ['a zero signature', encode([hello], signedPlain).replace(/=[0-9a-f]{64}/, `=${'0'.repeat(64)}`), signedPlain, 'signature-mismatch'],
  ])('%s', (_name, body, framing, code) => {
    for (const pieceBytes of [1, 7, 4096]) expect(decode(body, { ...framing, lengthBytes: hello.length }, pieceBytes)).toBe(code);
  });

  test('chunks cannot change places, be repeated, left out or cut off', () => {
    const body = encode(['one', 'two', 'six'], signedPlain);
    const pieces = body.split(/(?<=\r\n)(?=[03];)/);
    const [one, two, six, last] = pieces as [string, string, string, string];
    expect(pieces).toHaveLength(4);
    const outcomes = [
      decode(two + one + six + last, { ...signedPlain, lengthBytes: 9 }),
      decode(one + one + six + last, { ...signedPlain, lengthBytes: 9 }),
      decode(one + six + last, { ...signedPlain, lengthBytes: 6 }),
      decode(one + two + last, { ...signedPlain, lengthBytes: 6 }),
    ];
    expect(outcomes).toEqual(Array.from({ length: 4 }, () => 'signature-mismatch'));
    expect(decode(one + two, { ...signedPlain, lengthBytes: 6 })).toBe('body-incomplete');
  });

  test('a body with one byte changed never passes as the honest one', () => {
    const honest = Buffer.from(encode(['hello', 'world!'], signedTrailer, { 'x-amz-checksum-crc32': 'AAAAAA==' }));
    fc.assert(
      fc.property(fc.nat(honest.length - 1), fc.integer({ min: 1, max: 255 }), fc.integer({ min: 1, max: 60 }), (at, flip, pieceBytes) => {
        const changed = Buffer.from(honest);
        changed[at]! ^= flip;
        const result = decode(changed, { ...signedTrailer, lengthBytes: 11 }, pieceBytes);
        // Case of size digits and trailer names, and CR before LF in the trailer, carry no meaning; all else does.
        if (typeof result !== 'string') expect(result).toEqual({ text: 'helloworld!', trailers: { 'x-amz-checksum-crc32': 'AAAAAA==' } });
      }),
      { numRuns: 2000 },
    );
  });

  test('any bytes at all are decoded or refused', () => {
    const fragment = fc.oneof(
      fc.constantFrom('5\r\n', 'hello', '\r\n', '0\r\n', 'x-a:1', '\n', ';chunk-signature=', '\0', 'ffffffffffffffff', 'é'),
      fc.string({ unit: 'binary-ascii', maxLength: 20 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...framings),
        fc.array(fragment, { maxLength: 12 }),
        fc.integer({ min: 1, max: 30 }),
        (framing, fragments, pieceBytes) => {
          const result = decode(fragments.join(''), { ...framing, lengthBytes: 5 }, pieceBytes);
          if (typeof result !== 'string') expect(Buffer.byteLength(result.text)).toBe(5);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

test('chunks of one byte become few pieces, since each piece costs more than its bytes', () => {
  const lengthBytes = 256 * 1024;
  const body = Buffer.from(`${'1\r\nx\r\n'.repeat(lengthBytes)}0\r\n\r\n`);
  const decoder = new AwsChunkedDecoder({ trailer: false, signing: null, lengthBytes });
  const receivedBytes = 64 * 1024;
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += receivedBytes) pieces.push(...decoder.push(body.subarray(at, at + receivedBytes)));
  decoder.end();
  expect(Buffer.concat(pieces).equals(Buffer.alloc(lengthBytes, 'x'))).toBe(true);
  expect(pieces.length).toBeLessThanOrEqual(Math.ceil(body.length / receivedBytes));
});
