import { assert } from '../../base/assert.js';
import type { ChecksumAlgorithm, ChecksumType, ObjectChecksum } from '../../model/object.js';
import { statement } from '../tx.js';

/** What a list shows of an object. */
export interface ListedObject {
  key: string;
  sizeBytes: number;
  etag: string;
  lastModifiedMs: number;
  checksum: { algorithm: ChecksumAlgorithm; type: ChecksumType } | null;
}

export type ListedFacts = Omit<ListedObject, 'key'>;

export interface ObjectRow {
  version: number;
  facts: string; // see packFacts
}

export const objectByKey = statement<[bucket: number, key: Buffer], ObjectRow>(
  'SELECT version, facts FROM object WHERE bucket = ? AND key = ?',
);
export const upsertObject = statement<[bucket: number, key: Buffer, version: number, facts: string]>(
  `INSERT INTO object (bucket, key, version, facts) VALUES (?, ?, ?, ?)
   ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version, facts = excluded.facts`,
);
/** Of a JSON list of keys in hexadecimal, which has to lead: the other way round it would be all keys of the bucket. */
export const objectsByKeys = statement<[hexKeysJson: string, bucket: number], ObjectRow & { key: Buffer }>(
  `SELECT o.key, o.version, o.facts FROM json_each(?) AS named CROSS JOIN object o ON o.bucket = ? AND o.key = unhex(named.value)`,
);
export const deleteObjectRows = statement<[bucket: number, hexKeysJson: string]>(
  'DELETE FROM object WHERE bucket = ? AND key IN (SELECT unhex(value) FROM json_each(?))',
);
export const anyObjectInBucket = statement<[bucket: number], { found: number }>('SELECT 1 AS found FROM object WHERE bucket = ? LIMIT 1');
/** One text per object, since a row of one column costs a third of a row of six: its facts, then its key. */
export const objectPage = statement<[bucket: number, from: Buffer, end: Buffer, limit: number], { packed: string }>(
  `SELECT facts || CAST(key AS TEXT) AS packed FROM object
   WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ? + 0`,
);

export interface VersionRow {
  attributes: string; // see packAttributes
  parts: number | null;
}

export const objectWithVersion = statement<[bucket: number, key: Buffer], ObjectRow & VersionRow>(
  `SELECT o.version, o.facts, v.attributes, v.parts FROM object o JOIN version v ON v.number = o.version
   WHERE o.bucket = ? AND o.key = ?`,
);
export const insertVersion = statement<[number: number, attributes: string, parts: number | null]>(
  'INSERT INTO version (number, attributes, parts) VALUES (?, ?, ?)',
);
export const versionExists = statement<[number: number], { found: number }>('SELECT 1 AS found FROM version WHERE number = ?');

const typeCodes: Record<ChecksumType, string> = { FULL_OBJECT: 'F', COMPOSITE: 'C' };

/** `size:modified:etag:algorithm type:`, every number in decimal. The checksum is empty where there is none. */
export function packFacts(facts: ListedFacts): string {
  const { sizeBytes, lastModifiedMs, etag, checksum } = facts;
  assert(!etag.includes(':'), 'an ETag has no colon');
  return `${sizeBytes}:${lastModifiedMs}:${etag}:${checksum === null ? '' : typeCodes[checksum.type] + checksum.algorithm}:`;
}

/** Reads what `packFacts` wrote from the beginning of a text; `end` is where something else may follow. */
export function unpackFacts(packed: string): ListedFacts & { end: number } {
  const sizeEnd = packed.indexOf(':');
  const modifiedEnd = packed.indexOf(':', sizeEnd + 1);
  const etagEnd = packed.indexOf(':', modifiedEnd + 1);
  const checksumEnd = packed.indexOf(':', etagEnd + 1);
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

/** What lists show of a checksum. */
export function checksumFlavour(checksum: ObjectChecksum | null): ListedFacts['checksum'] {
  return checksum === null ? null : { algorithm: checksum.algorithm, type: checksum.type };
}
