import { Refusal } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import { deleteBucketRow, insertDroppedBucket } from '../rows/bucket.js';
import { anyObjectInBucket } from '../rows/object.js';
import { anyUploadInBucket } from '../rows/upload.js';
import { type InBucket, requireFacts } from '../rules/in-bucket.js';
import type { Transaction, Tx } from '../tx.js';

export interface DeleteBucketArgs extends InBucket {
  attempt: Attempt;
  nowMs: number;
}

/** Only objects hold a bucket; uploads in progress go with it, a few at a time with the garbage. */
export function* deleteBucket(tx: Tx, args: DeleteBucketArgs): Transaction<Record<string, never>> {
  yield* requireFacts(tx, args);
  if ((yield* tx.get(anyObjectInBucket, [args.bucketId])) !== undefined) throw new Refusal('bucket-not-empty');
  yield* tx.run(deleteBucketRow, [args.bucketId]);
  if ((yield* tx.get(anyUploadInBucket, [args.bucketId])) !== undefined) yield* tx.run(insertDroppedBucket, [args.bucketId]);
  yield* tx.bump('buckets', -1);
  return {};
}
