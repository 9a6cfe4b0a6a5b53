import { assert } from '../base/assert.js';
import type { ChecksumAlgorithm, ChecksumType } from './object.js';

/*
 * What a list shows of an object is packed into one text when the object is committed, its facts and then its key. A list
 * is such texts one behind the other, each closed by a byte. So it leaves the metadata, goes over the wire and becomes XML
 * in the gateway without that anybody makes a thousand objects of it.
 */

/** What a list shows of an object. */
export interface ListedFacts {
  sizeBytes: number;
  etag: string;
  lastModifiedMs: number;
  checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType } | null;
}

const typeCodes: Record<ChecksumType, string> = { FULL_OBJECT: 'F', COMPOSITE: 'C' };

/** `size:modified:etag:algorithm type:`, every number in decimal. The checksum is empty where there is none. */
export function packFacts(facts: ListedFacts): string {
  const { sizeBytes, lastModifiedMs, etag, checksum } = facts;
  assert(!etag.includes(':'), 'an ETag has no colon');
  return `${sizeBytes}:${lastModifiedMs}:${etag}:${checksum === null ? '' : typeCodes[checksum.type] + checksum.algorithm}:`;
}

/** Reads what `packFacts` wrote. */
export function unpackFacts(packed: string): ListedFacts {
  const [sizeBytes, lastModifiedMs, etag, checksum, end] = packed.split(':');
  assert(etag !== undefined && checksum !== undefined && end === '', 'facts have four fields');
  return { sizeBytes: Number(sizeBytes), lastModifiedMs: Number(lastModifiedMs), etag, checksum: unpackChecksum(checksum) };
}

/** Reads the last of the facts. */
export function unpackChecksum(packed: string): ListedFacts['checksum'] {
  if (packed === '') return null;
  return { algorithm: packed.slice(1) as ChecksumAlgorithm, type: packed.startsWith(typeCodes.FULL_OBJECT) ? 'FULL_OBJECT' : 'COMPOSITE' };
}

/** Closes an object of a packed list. No UTF-8 has this byte. */
export const objectEnd = 0xff;
const colon = 0x3a;
const zero = 0x30;

/** Goes through a packed list, and tells where in its bytes the fields of the object are that `next` came to. */
export class PackedObjects {
  readonly bytes: Buffer;
  start = 0;
  sizeEnd = 0;
  lastModifiedMs = 0;
  etagStart = 0;
  etagEnd = 0;
  checksumStart = 0;
  checksumEnd = 0;
  keyStart = 0;
  keyEnd = 0;
  /** Where the next object begins. */
  end = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** False: there are no more. */
  next(): boolean {
    const { bytes, end: start } = this;
    if (start === bytes.length) return false;
    const keyEnd = bytes.indexOf(objectEnd, start);
    let at = start;
    while (at < keyEnd && bytes[at] !== colon) at += 1;
    this.start = start;
    this.sizeEnd = at;
    let lastModifiedMs = 0;
    for (at += 1; at < keyEnd && bytes[at] !== colon; at += 1) lastModifiedMs = lastModifiedMs * 10 + bytes[at]! - zero;
    this.lastModifiedMs = lastModifiedMs;
    at += 1;
    this.etagStart = at;
    while (at < keyEnd && bytes[at] !== colon) at += 1;
    this.etagEnd = at;
    at += 1;
    this.checksumStart = at;
    while (at < keyEnd && bytes[at] !== colon) at += 1;
    this.checksumEnd = at;
    this.keyStart = at + 1;
    this.keyEnd = keyEnd;
    this.end = keyEnd + 1;
    assert(this.keyStart < keyEnd, 'a packed object has four facts and a key');
    return true;
  }

  get key(): string {
    return this.bytes.toString('utf8', this.keyStart, this.keyEnd);
  }

  /** All of the object as it is in the list. */
  get packed(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }
}
