import type { ByteRange } from '../model/byte-range.js';
import { keyBytesMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';

export interface CopySource {
  bucket: string;
  key: string;
}

/**
 * Reads `x-amz-copy-source`: `/bucket/key` or `bucket/key`, percent-encoded once, perhaps with `?versionId=null`.
 * The question mark that starts the version is looked for before decoding, as one in a key is encoded.
 */
export function parseCopySource(header: string): CopySource {
  const question = header.indexOf('?');
  const path = question < 0 ? header : header.slice(0, question);
  if (question >= 0 && header.slice(question + 1) !== 'versionId=null') {
    throw new Refusal('argument-invalid', 'The version id of the copy source is not valid.');
  }
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw new Refusal('argument-invalid', 'The copy source is not valid percent-encoding of UTF-8.');
  }
  const start = decoded.startsWith('/') ? 1 : 0;
  const slash = decoded.indexOf('/', start);
  const bucket = decoded.slice(start, slash < 0 ? undefined : slash);
  const key = slash < 0 ? '' : decoded.slice(slash + 1);
  if (bucket === '' || key === '') throw new Refusal('argument-invalid', 'The copy source must be bucket/key.');
  if (Buffer.byteLength(key) > keyBytesMax) throw new Refusal('key-too-long');
  return { bucket, key };
}

/** Reads `x-amz-copy-source-range`: exactly `bytes=first-last`, inside the source. Null copies the whole. */
export function parseCopyRange(header: string | null, sizeBytes: number): ByteRange {
  if (header === null) return { startBytes: 0, endBytes: sizeBytes };
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header);
  const range = match && { startBytes: Number(match[1]), endBytes: Number(match[2]) + 1 };
  if (!range || range.endBytes <= range.startBytes || range.endBytes > sizeBytes) {
    throw new Refusal('argument-invalid', `The range of the copy source must be bytes=first-last inside its ${sizeBytes} bytes.`);
  }
  return range;
}
