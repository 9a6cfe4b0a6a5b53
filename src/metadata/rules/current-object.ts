import { packFacts, unpackFacts } from '../../model/listed-object.js';
import type { ObjectAttributes, ObjectChecksum, ObjectVersion } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import { insertVersion, objectInBucket, upsertObject, versionInBucket, type ObjectRow, type VersionRow } from '../rows/object.js';
import type { ReadTx, Transaction, Tx } from '../tx.js';
import { judgeFacts, type InBucket } from './in-bucket.js';
import { release } from './release.js';

/** What stands under a key now, as far as a writer must know. */
export interface CurrentObject {
  versionNumber: number;
  etag: string;
  sizeBytes: number;
}

/** Refuses when the facts of the bucket have changed. Null: no such key. */
export function* currentObject(tx: ReadTx, bucket: InBucket, key: Buffer): Transaction<CurrentObject | null> {
  const row = yield* tx.get(objectInBucket, [key, bucket.bucketId]);
  judgeFacts(row, bucket.factsVersion);
  return row === undefined || row.version === null ? null : currentOf(row);
}

export function currentOf(row: ObjectRow): CurrentObject {
  const { etag, sizeBytes } = unpackFacts(row.facts);
  return { versionNumber: row.version, etag, sizeBytes };
}

/** The whole current version, for readers. Refuses with `facts-changed` and `no-such-key`. */
export function* visibleVersion(tx: ReadTx, bucket: InBucket, key: string): Transaction<ObjectVersion> {
  const row = yield* tx.get(versionInBucket, [Buffer.from(key), bucket.bucketId]);
  judgeFacts(row, bucket.factsVersion);
  if (row === undefined || row.version === null) throw new Refusal('no-such-key');
  return versionOf(row);
}

function versionOf(row: ObjectRow & VersionRow): ObjectVersion {
  const { sizeBytes, etag, lastModifiedMs } = unpackFacts(row.facts);
  const { headers, userMetadata, checksum } = JSON.parse(row.attributes) as PackedAttributes;
  return { versionNumber: row.version, sizeBytes, etag, lastModifiedMs, headers, userMetadata, checksum, partCount: row.parts };
}

interface PackedAttributes extends ObjectAttributes {
  checksum: ObjectChecksum | null;
}

/**
 * Makes `version` the visible one of its key. Its slices are there already; those of the version before become garbage.
 * `current` is what this transaction found under the key.
 */
export function* putCurrent(
  tx: Tx,
  bucketId: number,
  key: Buffer,
  version: ObjectVersion,
  current: CurrentObject | null,
): Transaction<void> {
  const { versionNumber, sizeBytes, etag, lastModifiedMs, checksum, headers, userMetadata, partCount } = version;
  const attributes: PackedAttributes = { headers, userMetadata, checksum };
  yield* tx.run(insertVersion, [versionNumber, JSON.stringify(attributes), partCount]);
  yield* tx.run(upsertObject, [bucketId, key, versionNumber, packFacts({ sizeBytes, lastModifiedMs, etag, checksum })]);
  if (current === null) yield* tx.bump('objects', 1);
  else yield* release(tx, [current.versionNumber], lastModifiedMs);
  yield* tx.bump('objectBytes', sizeBytes - (current?.sizeBytes ?? 0));
}
