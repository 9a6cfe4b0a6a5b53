import type { ObjectAttributes, ObjectVersion, WriteConditions } from '../../model/object.js';
import type { ReadConditions } from '../../model/read-conditions.js';
import type { Attempt } from '../attempt.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface CopyObjectArgs {
  attempt: Attempt;
  source: InBucket & { key: string; conditions: ReadConditions };
  target: InBucket & { key: string; conditions: WriteConditions };
  /** Null keeps the attributes of the source. */
  replace: ObjectAttributes | null;
  nowMs: number;
}

// BODY
export function* copyObject(_tx: Tx, _args: CopyObjectArgs): Transaction<ObjectVersion> {
  throw new AssertionFailure('not built yet');
}
