import type { RefusalCode } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface DeleteObjectsArgs extends InBucket {
  attempt: Attempt;
  keys: { key: string; ifMatch: string | null }[];
  nowMs: number;
}

export interface DeleteObjectsResult {
  /** In the order of the request; null means deleted. */
  refusals: (RefusalCode | null)[];
}

// BODY
export function* deleteObjects(_tx: Tx, _args: DeleteObjectsArgs): Transaction<DeleteObjectsResult> {
  throw new AssertionFailure('not built yet');
}
