import { assert } from '../base/assert.js';
import type { ChecksumAlgorithm, ChecksumType } from './object.js';

/*
 * What a list shows of an object is packed into one text when the object is committed, its facts and then its key. It stays
 * so in the metadata and on the wire: the gateway unpacks it while it writes the list.
 */

/** What a list shows of an object. */
export interface ListedFacts {
  sizeBytes: number;
  etag: string;
  lastModifiedMs: number;
  checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType } | null;
}

const factsFields = 4;
const typeCodes: Record<ChecksumType, string> = { FULL_OBJECT: 'F', COMPOSITE: 'C' };

/** `size:modified:etag:algorithm type:`, every number in decimal. The checksum is empty where there is none. */
export function packFacts(facts: ListedFacts): string {
  const { sizeBytes, lastModifiedMs, etag, checksum } = facts;
  assert(!etag.includes(':'), 'an ETag has no colon');
  return `${sizeBytes}:${lastModifiedMs}:${etag}:${checksum === null ? '' : typeCodes[checksum.type] + checksum.algorithm}:`;
}

/** Reads what `packFacts` wrote from the beginning of a text; `end` is where the key of a packed object begins. */
export function unpackFacts(packed: string): ListedFacts & { end: number } {
  const sizeEnd = packed.indexOf(':');
  const modifiedEnd = packed.indexOf(':', sizeEnd + 1);
  const etagEnd = packed.indexOf(':', modifiedEnd + 1);
  const checksumEnd = packed.indexOf(':', etagEnd + 1);
  assert(checksumEnd > etagEnd && etagEnd > modifiedEnd && modifiedEnd > sizeEnd && sizeEnd > 0, 'facts have four fields');
  return {
    sizeBytes: Number(packed.slice(0, sizeEnd)),
    lastModifiedMs: Number(packed.slice(sizeEnd + 1, modifiedEnd)),
    etag: packed.slice(modifiedEnd + 1, etagEnd),
    checksum:
      checksumEnd === etagEnd + 1
        ? null
        : {
            algorithm: packed.slice(etagEnd + 2, checksumEnd) as ChecksumAlgorithm,
            type: packed.charAt(etagEnd + 1) === 'F' ? 'FULL_OBJECT' : 'COMPOSITE',
          },
    end: checksumEnd + 1,
  };
}

/** The key of a packed object, which is all behind its facts. */
export function packedKey(packed: string): string {
  let end = 0;
  for (let field = 0; field < factsFields; field += 1) end = packed.indexOf(':', end) + 1;
  return packed.slice(end);
}
