import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface GetBucketArgs {
  bucket: string;
}

export interface GetBucketResult {
  bucketId: number;
  factsVersion: number;
  createdMs: number;
}

// BODY
export function* getBucket(_tx: ReadTx, _args: GetBucketArgs): Transaction<GetBucketResult> {
  throw new AssertionFailure('not built yet');
}
