import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { unreachable } from '../../base/assert.js';
import { crc32c } from '../../base/crc32c.js';
import { CrcCombiner } from '../../base/crc-combine.js';
import { objectSizeBytesMax, partSizeBytesMin } from '../../model/limits.js';
import type { ChecksumAlgorithm, ObjectChecksum } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import type { PartRow } from '../rows/part.js';
import type { UploadFlavour } from './find-upload.js';

export interface ListedPart {
  partNumber: number;
  etag: string;
  checksum: string | null;
}

/** The stored parts that the client lists, in its order, once the list has been found to be right. */
export function judgeParts(listed: readonly ListedPart[], stored: readonly PartRow[]): PartRow[] {
  const byNumber = new Map(stored.map((part) => [part.number, part]));
  let previous = 0;
  let sizeBytes = 0;
  const parts = listed.map(({ partNumber, etag, checksum }) => {
    if (partNumber <= previous) throw new Refusal('part-order-invalid');
    previous = partNumber;
    const part = byNumber.get(partNumber);
    if (part?.etag !== etag || (checksum !== null && checksum !== part.checksum)) throw new Refusal('part-invalid');
    sizeBytes += part.size;
    return part;
  });
  if (parts.slice(0, -1).some(({ size }) => size < partSizeBytesMin)) throw new Refusal('part-too-small');
  if (sizeBytes > objectSizeBytesMax) throw new Refusal('body-too-large');
  return parts;
}

/** The MD5 of the parts' MD5s, with their number. */
export function multipartEtag(parts: readonly PartRow[]): string {
  const hash = createHash('md5');
  for (const { etag } of parts) hash.update(etag, 'hex');
  return `${hash.digest('hex')}-${parts.length}`;
}

/** The object's checksum from those of its parts, compared with what the client expects. Null: the upload has none. */
export function multipartChecksum(
  flavour: UploadFlavour | null,
  parts: readonly PartRow[],
  expected: string | null,
): ObjectChecksum | null {
  if (flavour === null) {
    if (expected !== null) throw new Refusal('request-invalid', 'The upload was begun without a checksum algorithm.');
    return null;
  }
  const { algorithm, type } = flavour;
  const digests = parts.map(({ checksum }) => {
    if (checksum === null) throw new Refusal('request-invalid', "A part has no checksum of the upload's algorithm.");
    return Buffer.from(checksum, 'base64');
  });
  const digest = type === 'COMPOSITE' ? hashOf(algorithm, Buffer.concat(digests)) : combined(algorithm, digests, parts);
  const whole = digest.toString('base64');
  const value = type === 'COMPOSITE' ? `${whole}-${parts.length}` : whole;
  if (expected !== null && expected !== value && expected !== whole) throw new Refusal('digest-bad');
  return { algorithm, type, value };
}

function combined(algorithm: ChecksumAlgorithm, digests: readonly Buffer[], parts: readonly PartRow[]): Buffer {
  switch (algorithm) {
    case 'CRC32':
    case 'CRC32C':
    case 'CRC64NVME': {
      const combiner = new CrcCombiner(algorithm);
      return digests.reduce((whole, digest, index) => combiner.combine(whole, digest, parts[index]!.size));
    }
    case 'SHA1':
    case 'SHA256':
      throw new Refusal('request-invalid', `${algorithm} of a whole object cannot be put together from its parts.`);
    default:
      return unreachable(algorithm);
  }
}

function hashOf(algorithm: ChecksumAlgorithm, bytes: Buffer): Buffer {
  switch (algorithm) {
    case 'CRC32':
      return bigEndian(crc32(bytes));
    case 'CRC32C':
      return bigEndian(crc32c(bytes));
    case 'SHA1':
    case 'SHA256':
      return createHash(algorithm).update(bytes).digest();
    case 'CRC64NVME':
      throw new Refusal('request-invalid', 'CRC64NVME is a checksum of whole objects.');
    default:
      return unreachable(algorithm);
  }
}

function bigEndian(crc: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes;
}
