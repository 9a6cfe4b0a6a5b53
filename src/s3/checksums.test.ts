import { describe, expect, test } from 'vitest';
import { Crc64Nvme } from '../base/crc64nvme.js';
import { Refusal } from '../model/refusal.js';
import type { ChecksumAlgorithm } from '../model/object.js';
import { BodyHashers } from './body-hasher.js';
import { hashesFor, readBodyClaims, verifyBody } from './checksums.js';
import { hashWhole, startHash, type HashName } from './hash-stream.js';
import type { PayloadMode } from './payload.js';
import { HeaderLines } from './raw-request.js';

const crc64 = await Crc64Nvme.load();
const hashers = await BodyHashers.create();
const unsigned: PayloadMode = { kind: 'unsigned' };
const trailing: PayloadMode = { kind: 'streaming', trailer: true, signing: null };
const digits = Buffer.from('123456789');

/** Of "123456789", from the specifications of the algorithms. */
const checkValues: Record<HashName, string> = {
  MD5: '25f9e794323b453885f5181f1b624d0b',
  CRC32: 'cbf43926',
  CRC32C: 'e3069283',
  CRC64NVME: 'ae8b14860a799888',
  SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
};
const names = Object.keys(checkValues) as HashName[];

function base64(name: HashName): string {
  return Buffer.from(checkValues[name], 'hex').toString('base64');
}

interface Body {
  headers?: Record<string, string>;
  payload?: PayloadMode;
  trailers?: Record<string, string>;
  alsoCompute?: ChecksumAlgorithm | null;
}

/** Runs a body of "123456789" through; answers the checksum or the refusal's code. */
function run({ headers = {}, payload = unsigned, trailers = {}, alsoCompute = null }: Body): unknown {
  try {
    const claims = readBodyClaims(new HeaderLines(Object.entries(headers).flat()), payload, alsoCompute);
    return verifyBody(claims, hashers.hash(hashesFor(claims), digits), new Map(Object.entries(trailers)));
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

describe('every hash', () => {
  test.each(names)('%s gives the check value of its specification, whole and in pieces', (name) => {
    expect(hashWhole(name, digits, crc64).toString('hex')).toBe(checkValues[name]);
    const streams = [startHash(name, crc64), startHash(name, crc64)];
    for (const byte of digits) for (const stream of streams) stream.update(Buffer.of(byte));
    for (const stream of streams) expect(stream.digest().toString('hex')).toBe(checkValues[name]);
  });
});

describe('what a request claims about its body', () => {
  const algorithms = names.filter((name) => name !== 'MD5');

  test.each(algorithms)('%s is verified from a header and from a trailer', (algorithm) => {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`;
    const right = { algorithm, type: 'FULL_OBJECT', value: base64(algorithm) };
    const wrong = Buffer.alloc(Buffer.from(checkValues[algorithm], 'hex').length).toString('base64');
    expect(run({ headers: { [name]: base64(algorithm), 'x-amz-sdk-checksum-algorithm': algorithm } })).toEqual(right);
    expect(run({ headers: { [name]: wrong } })).toBe('digest-bad');
    expect(run({ headers: { 'x-amz-trailer': name }, payload: trailing, trailers: { [name]: base64(algorithm) } })).toEqual(right);
    expect(run({ headers: { 'x-amz-trailer': name }, payload: trailing, trailers: { [name]: wrong } })).toBe('digest-bad');
  });

  const crc32 = { 'x-amz-checksum-crc32': base64('CRC32') };
  const sha1 = { 'x-amz-checksum-sha1': base64('SHA1') };
  test.each<[string, Body, unknown]>([
    ['nothing', {}, null],
    ['Content-MD5', { headers: { 'content-md5': base64('MD5') } }, null],
    ['a wrong Content-MD5', { headers: { 'content-md5': Buffer.alloc(16).toString('base64') } }, 'digest-bad'],
    ['a Content-MD5 that is none', { headers: { 'content-md5': 'abc' } }, 'digest-invalid'],
    ['an empty Content-MD5', { headers: { 'content-md5': '' } }, 'digest-invalid'],
    ['a Content-MD5 in hex', { headers: { 'content-md5': checkValues.MD5 } }, 'digest-invalid'],
    ['a signed SHA-256', { payload: { kind: 'sha256', sha256: checkValues.SHA256 } }, null],
    ['a signed SHA-256 of other bytes', { payload: { kind: 'sha256', sha256: '0'.repeat(64) } }, 'content-sha256-mismatch'],
    [
      'a signed SHA-256 and the same as checksum',
      { payload: { kind: 'sha256', sha256: checkValues.SHA256 }, headers: { 'x-amz-checksum-sha256': base64('SHA256') } },
      { algorithm: 'SHA256', type: 'FULL_OBJECT', value: base64('SHA256') },
    ],
    ['two checksums', { headers: { ...crc32, ...sha1 } }, 'request-invalid'],
    ['a checksum that nobody knows', { headers: { 'x-amz-checksum-xxhash3': 'AAAA' } }, 'request-invalid'],
    ['a checksum that is too short', { headers: { 'x-amz-checksum-sha256': 'bad' } }, 'request-invalid'],
    ['a checksum that is not base64', { headers: { 'x-amz-checksum-crc32': 'y/Q5Jg=!' } }, 'request-invalid'],
    ['header and trailer', { headers: { ...crc32, 'x-amz-trailer': 'x-amz-checksum-crc32' }, payload: trailing }, 'request-invalid'],
    [
      'an announced trailer that does not come',
      { headers: { 'x-amz-trailer': 'x-amz-checksum-crc32' }, payload: trailing },
      'request-invalid',
    ],
    [
      'a trailer that was not announced',
      { headers: { 'x-amz-trailer': 'x-amz-checksum-crc32' }, payload: trailing, trailers: { ...crc32, 'x-other': '1' } },
      'request-invalid',
    ],
    ['a trailer where none was announced', { payload: trailing, trailers: crc32 }, 'request-invalid'],
    [
      'a malformed trailer',
      { headers: { 'x-amz-trailer': 'x-amz-checksum-crc32' }, payload: trailing, trailers: { 'x-amz-checksum-crc32': 'x' } },
      'request-invalid',
    ],
    ['a trailer without the framing for it', { headers: { 'x-amz-trailer': 'x-amz-checksum-crc32' } }, 'request-invalid'],
    ['a trailer that is no checksum', { headers: { 'x-amz-trailer': 'x-amz-meta-a' }, payload: trailing }, 'request-invalid'],
    ['an announced algorithm without a checksum', { headers: { 'x-amz-sdk-checksum-algorithm': 'CRC32' } }, 'request-invalid'],
    ['another algorithm than announced', { headers: { 'x-amz-sdk-checksum-algorithm': 'CRC32C', ...crc32 } }, 'request-invalid'],
    [
      'settings that only look like checksums',
      { headers: { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-mode': 'ENABLED' } },
      null,
    ],
    ["the upload's algorithm is computed", { alsoCompute: 'CRC32' }, { algorithm: 'CRC32', type: 'FULL_OBJECT', value: base64('CRC32') }],
    [
      "the part's own checksum goes before the upload's",
      { alsoCompute: 'CRC32', headers: sha1 },
      { algorithm: 'SHA1', type: 'FULL_OBJECT', value: base64('SHA1') },
    ],
  ])('%s', (_name, body, expected) => {
    expect(run(body)).toEqual(expected);
  });
});
