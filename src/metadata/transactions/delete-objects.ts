import { deleteKeysMax } from '../../model/limits.js';
import { namesEtag } from '../../model/read-conditions.js';
import type { RefusalCode } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import { deleteObjectRows, objectsByKeys } from '../rows/object.js';
import { type CurrentObject, currentOf } from '../rules/current-object.js';
import { type InBucket, requireFacts } from '../rules/in-bucket.js';
import { release } from '../rules/release.js';
import type { Transaction, Tx } from '../tx.js';

export interface DeleteObjectsArgs extends InBucket {
  attempt: Attempt;
  keys: { key: string; ifMatch: string | null }[];
  nowMs: number;
}

export interface DeleteObjectsResult {
  /** In the order of the request; null means deleted. */
  refusals: (RefusalCode | null)[];
}

/** Each key is decided alone; one that is not there counts as deleted. */
export function* deleteObjects(tx: Tx, args: DeleteObjectsArgs): Transaction<DeleteObjectsResult> {
  yield* requireFacts(tx, args);
  const hexKeys = new Map(args.keys.map(({ key }) => [key, Buffer.from(key).toString('hex')]));
  const rows = yield* tx.all(objectsByKeys, [JSON.stringify([...hexKeys.values()]), args.bucketId], deleteKeysMax);
  const found = new Map<string, CurrentObject>();
  for (const row of rows) found.set(row.key.toString('hex'), currentOf(row));

  const deleted: { hexKey: string; object: CurrentObject }[] = [];
  const refusals = args.keys.map(({ key, ifMatch }): RefusalCode | null => {
    const hexKey = hexKeys.get(key)!;
    const object = found.get(hexKey);
    if (object === undefined) return ifMatch === null ? null : 'no-such-key';
    if (ifMatch !== null && !namesEtag(ifMatch, object.etag)) return 'precondition-failed';
    deleted.push({ hexKey, object });
    found.delete(hexKey); // a key named twice is deleted once
    return null;
  });

  if (deleted.length > 0) {
    yield* tx.run(deleteObjectRows, [args.bucketId, JSON.stringify(deleted.map(({ hexKey }) => hexKey))]);
    yield* release(
      tx,
      deleted.map(({ object }) => object.versionNumber),
      args.nowMs,
    );
    yield* tx.bump('objects', -deleted.length);
    for (const { object } of deleted) yield* tx.bump('objectBytes', -object.sizeBytes);
  }
  return { refusals };
}
