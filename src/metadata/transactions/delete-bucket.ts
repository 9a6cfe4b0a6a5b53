import type { Attempt } from '../attempt.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface DeleteBucketArgs extends InBucket {
  attempt: Attempt;
  nowMs: number;
}

// BODY
export function* deleteBucket(_tx: Tx, _args: DeleteBucketArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
