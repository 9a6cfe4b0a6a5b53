import type { Attempt } from '../attempt.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface CreateBucketArgs {
  attempt: Attempt;
  bucket: string;
  nowMs: number;
}

export interface CreateBucketResult {
  bucketId: number;
  factsVersion: number;
  createdMs: number;
}

// BODY
export function* createBucket(_tx: Tx, _args: CreateBucketArgs): Transaction<CreateBucketResult> {
  throw new AssertionFailure('not built yet');
}
