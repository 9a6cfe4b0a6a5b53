import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ListBucketsArgs {
  prefix: string;
  startAfter: string;
  limit: number;
}

export interface ListBucketsResult {
  buckets: { name: string; createdMs: number }[];
  truncated: boolean;
}

// BODY
export function* listBuckets(_tx: ReadTx, _args: ListBucketsArgs): Transaction<ListBucketsResult> {
  throw new AssertionFailure('not built yet');
}
