import { Refusal } from '../model/refusal.js';
import type { ChecksumAlgorithm, ObjectChecksum } from '../model/object.js';
import type { Digests, HashName } from './hash-stream.js';
import { must } from '../base/must.js';
import type { PayloadMode } from './payload.js';
import type { HeaderLines } from './raw-request.js';

/** The algorithms by header: `x-amz-checksum-…`, and the bytes of a digest. */
const algorithms: Record<ChecksumAlgorithm, { header: string; digestBytes: number }> = {
  CRC32: { header: 'x-amz-checksum-crc32', digestBytes: 4 },
  CRC32C: { header: 'x-amz-checksum-crc32c', digestBytes: 4 },
  CRC64NVME: { header: 'x-amz-checksum-crc64nvme', digestBytes: 8 },
  SHA1: { header: 'x-amz-checksum-sha1', digestBytes: 20 },
  SHA256: { header: 'x-amz-checksum-sha256', digestBytes: 32 },
};

export const checksumAlgorithms = Object.keys(algorithms) as ChecksumAlgorithm[];

/** Headers that begin like a checksum and are none. */
const checksumSettings = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type']);

/** The name of the header or trailer that carries a checksum of this algorithm. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return algorithms[algorithm].header;
}

/** Whether a text of a request (x-amz-checksum-algorithm, XML) names an algorithm. */
export function isChecksumAlgorithm(text: string): text is ChecksumAlgorithm {
  return Object.hasOwn(algorithms, text);
}

/** What a request says about its body: everything here has to hold before the object becomes visible. */
export interface BodyClaims {
  /** Content-MD5, base64. */
  md5: string | null;
  /** x-amz-content-sha256 of a signed payload, hex. */
  payloadSha256: string | null;
  checksum: ChecksumClaim | null;
}

interface ChecksumClaim {
  algorithm: ChecksumAlgorithm;
  /** Base64 from the header; null when it is not known yet, or nobody claims one. */
  value: string | null;
  /** `upload`: nothing is claimed, the multipart upload wants it computed. */
  from: 'header' | 'trailer' | 'upload';
}

/**
 * Which digests a request names. `alsoCompute`: the algorithm of the multipart upload, computed when the part itself names
 * none. Refuses: digest-invalid (Content-MD5), request-invalid (several checksums, unknown ones, malformed values).
 */
export function readBodyClaims(headers: HeaderLines, payload: PayloadMode, alsoCompute: ChecksumAlgorithm | null): BodyClaims {
  const md5 = headers.get('content-md5');
  if (md5 !== null && !isBase64(md5, 16)) throw new Refusal('digest-invalid');
  const checksum = readHeaderClaim(headers) ?? readTrailerClaim(headers, payload);
  const announced = headers.get('x-amz-sdk-checksum-algorithm');
  if (announced !== null && announced.toUpperCase() !== checksum?.algorithm) {
    throw new Refusal(
      'request-invalid',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  return {
    md5,
    payloadSha256: payload.kind === 'sha256' ? payload.sha256 : null,
    checksum: checksum ?? (alsoCompute === null ? null : { algorithm: alsoCompute, value: null, from: 'upload' }),
  };
}

function readHeaderClaim(headers: HeaderLines): ChecksumClaim | null {
  let claim: ChecksumClaim | null = null;
  for (const [name, value] of headers.entries()) {
    if (!name.startsWith('x-amz-checksum-') || checksumSettings.has(name)) continue;
    if (claim !== null)
      throw new Refusal('request-invalid', 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.');
    const algorithm = algorithmOfHeader(name);
    if (!isBase64(value, algorithms[algorithm].digestBytes)) throw new Refusal('request-invalid', `Value for ${name} header is invalid.`);
    claim = { algorithm, value, from: 'header' };
  }
  if (claim !== null && headers.get('x-amz-trailer') !== null) {
    throw new Refusal('request-invalid', 'A checksum comes in a header or in a trailer, not in both.');
  }
  return claim;
}

function readTrailerClaim(headers: HeaderLines, payload: PayloadMode): ChecksumClaim | null {
  const name = headers.get('x-amz-trailer');
  if (name === null) return null;
  if (payload.kind !== 'streaming' || !payload.trailer)
    throw new Refusal('request-invalid', 'x-amz-trailer needs a payload with a trailer.');
  return { algorithm: algorithmOfHeader(name.trim().toLowerCase()), value: null, from: 'trailer' };
}

/** An algorithm that we do not know is refused: a checksum is never dropped silently. */
function algorithmOfHeader(name: string): ChecksumAlgorithm {
  const algorithm = checksumAlgorithms.find((candidate) => algorithms[candidate].header === name);
  if (algorithm === undefined) throw new Refusal('request-invalid', `The checksum ${name} is not supported.`);
  return algorithm;
}

/** The hashes that have to run over the body: MD5 for the ETag, and what the request claims. */
export function hashesFor(claims: BodyClaims): HashName[] {
  const names: HashName[] = ['MD5'];
  if (claims.checksum !== null) names.push(claims.checksum.algorithm);
  if (claims.payloadSha256 !== null && claims.checksum?.algorithm !== 'SHA256') names.push('SHA256');
  return names;
}

/**
 * Compares what was computed with what was claimed, after the last byte. Refuses: content-sha256-mismatch, digest-bad,
 * request-invalid (a trailer that is missing, malformed or was not announced).
 */
export function verifyBody(claims: BodyClaims, digests: Digests, trailers: ReadonlyMap<string, string>): ObjectChecksum | null {
  if (claims.payloadSha256 !== null && digestOf(digests, 'SHA256').toString('hex') !== claims.payloadSha256) {
    throw new Refusal('content-sha256-mismatch');
  }
  if (claims.md5 !== null && digestOf(digests, 'MD5').toString('base64') !== claims.md5) throw new Refusal('digest-bad');
  const announced = claims.checksum?.from === 'trailer' ? checksumHeader(claims.checksum.algorithm) : null;
  for (const name of trailers.keys()) {
    if (name !== announced) throw new Refusal('request-invalid', `The trailing header ${name} was not announced in x-amz-trailer.`);
  }
  if (claims.checksum === null) return null;
  const { algorithm, from } = claims.checksum;
  const value = digestOf(digests, algorithm).toString('base64');
  const claimed = announced === null ? claims.checksum.value : (trailers.get(announced) ?? null);
  if (from !== 'upload') {
    if (claimed === null) throw new Refusal('request-invalid', `The trailing header ${announced ?? ''} is missing.`);
    if (!isBase64(claimed, algorithms[algorithm].digestBytes))
      throw new Refusal('request-invalid', `Value for ${checksumHeader(algorithm)} trailing header is invalid.`);
    if (claimed !== value) throw new Refusal('digest-bad', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
  return { algorithm, type: 'FULL_OBJECT', value };
}

function digestOf(digests: Digests, name: HashName): Buffer {
  return must(digests.get(name), 'a digest that was asked for');
}

/** Whether the text is canonical base64 of so many bytes. */
function isBase64(text: string, bytes: number): boolean {
  const decoded = Buffer.from(text, 'base64');
  return decoded.length === bytes && decoded.toString('base64') === text;
}
