import { partNumberMax } from '../model/limits.js';
import { Refusal } from '../model/refusal.js';
import { checksumAlgorithms } from './checksums.js';
import { bareEtag } from './conditions.js';
import { childText, expectRoot, readXml, requiredText, type XmlElement } from './xml-read.js';

export interface CompletedPart {
  partNumber: number;
  /** Without quotes. */
  etag: string;
  /** Base64, in the upload's algorithm; null when the client names none. */
  checksum: string | null;
}

/** Reads a part number of a query or XML text. */
export function readPartNumber(text: string): number {
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (partNumber < 1 || partNumber > partNumberMax) throw new Refusal('part-number-invalid');
  return partNumber;
}

/** Reads the body of CompleteMultipartUpload; the parts must stand in ascending order. */
export function readCompleteRequest(body: Buffer): CompletedPart[] {
  const root = expectRoot(readXml(body), 'CompleteMultipartUpload');
  const elements = root.children.filter((child) => child.name === 'Part');
  if (elements.length === 0 || elements.length > partNumberMax) {
    throw new Refusal('xml-malformed', `CompleteMultipartUpload must name 1 to ${partNumberMax} parts.`);
  }
  let previous = 0;
  return elements.map((element) => {
    const partNumber = readPartNumber(requiredText(element, 'PartNumber').trim());
    if (partNumber <= previous) throw new Refusal('part-order-invalid');
    previous = partNumber;
    return { partNumber, etag: bareEtag(requiredText(element, 'ETag')), checksum: checksumOf(element) };
  });
}

function checksumOf(part: XmlElement): string | null {
  for (const algorithm of checksumAlgorithms) {
    const value = childText(part, `Checksum${algorithm}`);
    if (value !== null && value !== '') return value;
  }
  return null;
}
