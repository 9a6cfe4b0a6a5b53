import type { ObjectAttributes, ObjectVersion, WriteConditions } from '../../model/object.js';
import { judgeRead, type ReadConditions } from '../../model/read-conditions.js';
import { Refusal } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import { copySlices } from '../rows/slice.js';
import { currentObject, putCurrent, visibleVersion } from '../rules/current-object.js';
import type { InBucket } from '../rules/in-bucket.js';
import { raiseBodies } from '../rules/share-bodies.js';
import { judgeWrite } from '../rules/write-conditions.js';
import type { Transaction, Tx } from '../tx.js';

export interface CopyObjectArgs {
  attempt: Attempt;
  source: InBucket & { key: string; conditions: ReadConditions };
  target: InBucket & { key: string; conditions: WriteConditions };
  /** Null keeps the attributes of the source. */
  replace: ObjectAttributes | null;
  nowMs: number;
}

/** A new version that shares the bodies of another, or of the same key with other attributes. */
export function* copyObject(tx: Tx, args: CopyObjectArgs): Transaction<ObjectVersion> {
  const { source, target } = args;
  const original = yield* visibleVersion(tx, source, source.key);
  if (judgeRead(source.conditions, original) !== 'proceed') throw new Refusal('precondition-failed');
  const key = Buffer.from(target.key);
  const current = yield* currentObject(tx, target, key);
  judgeWrite(target.conditions, current?.etag ?? null);

  // The bodies are raised before the version under the target, perhaps the source itself, is let go.
  const versionNumber = yield* tx.nextNumber();
  yield* tx.run(copySlices, [versionNumber, original.versionNumber]);
  yield* raiseBodies(tx, versionNumber);
  const version: ObjectVersion = { ...original, ...args.replace, versionNumber, lastModifiedMs: args.nowMs };
  yield* putCurrent(tx, target.bucketId, key, version, current);
  return version;
}
