import { Refusal } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import { bucketByName, insertBucket } from '../rows/bucket.js';
import type { Transaction, Tx } from '../tx.js';

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

export function* createBucket(tx: Tx, args: CreateBucketArgs): Transaction<CreateBucketResult> {
  const name = Buffer.from(args.bucket);
  if ((yield* tx.get(bucketByName, [name])) !== undefined) throw new Refusal('bucket-exists');
  const bucketId = yield* tx.nextNumber();
  const factsVersion = yield* tx.nextNumber();
  yield* tx.run(insertBucket, [bucketId, name, factsVersion, args.nowMs]);
  yield* tx.bump('buckets', 1);
  return { bucketId, factsVersion, createdMs: args.nowMs };
}
