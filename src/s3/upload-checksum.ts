import type { ChecksumAlgorithm, ChecksumType, ObjectChecksum } from '../model/object.js';
import { Refusal } from '../model/refusal.js';
import { checksumHeader, isChecksumAlgorithm } from './checksums.js';
import type { HeaderLines } from './raw-request.js';
import { xml, xmlElement, type XmlText } from './xml-write.js';

export interface UploadChecksum {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
}

/** `x-amz-checksum-algorithm`, which creating and copying requests know; null when it is not there. */
export function readChecksumAlgorithm(headers: HeaderLines): ChecksumAlgorithm | null {
  const text = headers.get('x-amz-checksum-algorithm')?.toUpperCase() ?? null;
  if (text === null) return null;
  if (!isChecksumAlgorithm(text)) throw new Refusal('request-invalid', 'Checksum algorithm provided is unsupported.');
  return text;
}

/** A checksum of the whole can be put together from those of the parts only for CRCs. */
const ALLOWED_TYPES: Readonly<Record<ChecksumAlgorithm, readonly [ChecksumType, ...ChecksumType[]]>> = {
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
  CRC64NVME: ['FULL_OBJECT'],
  SHA1: ['COMPOSITE'],
  SHA256: ['COMPOSITE'],
};

/** What a CreateMultipartUpload says about the checksum of the object to come. The first allowed type is the default. */
export function readUploadChecksum(headers: HeaderLines): UploadChecksum | null {
  const algorithm = readChecksumAlgorithm(headers);
  const asked = headers.get('x-amz-checksum-type')?.toUpperCase() ?? null;
  if (algorithm === null) {
    if (asked !== null)
      throw new Refusal('request-invalid', 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.');
    return null;
  }
  const allowed = ALLOWED_TYPES[algorithm];
  const type = asked === null ? allowed[0] : allowed.find((candidate) => candidate === asked);
  if (type === undefined)
    throw new Refusal('request-invalid', `The ${asked} checksum type cannot be used with the ${algorithm} checksum algorithm.`);
  return { algorithm, type };
}

/** Adds a checksum to the headers of an answer. */
export function writeChecksumHeaders(answer: string[], checksum: ObjectChecksum | null): void {
  if (checksum) answer.push(checksumHeader(checksum.algorithm), checksum.value, 'x-amz-checksum-type', checksum.type);
}

/** A checksum as element of an answer; `type` stays out where the answer has no place for it. */
export function checksumElements(checksum: { algorithm: ChecksumAlgorithm; value: string; type?: ChecksumType } | null): XmlText | null {
  if (checksum === null) return null;
  const value = xmlElement(`Checksum${checksum.algorithm}`, checksum.value);
  return checksum.type === undefined ? value : xml`${value}<ChecksumType>${checksum.type}</ChecksumType>`;
}
