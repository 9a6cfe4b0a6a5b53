import { Refusal } from '../../model/refusal.js';
import { bucketByName } from '../rows/bucket.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface GetBucketArgs {
  bucket: string;
}

export interface GetBucketResult {
  bucketId: number;
  factsVersion: number;
  createdMs: number;
}

export function* getBucket(tx: ReadTx, args: GetBucketArgs): Transaction<GetBucketResult> {
  const row = yield* tx.get(bucketByName, [Buffer.from(args.bucket)]);
  if (row === undefined) throw new Refusal('no-such-bucket');
  return { bucketId: row.number, factsVersion: row.facts_version, createdMs: row.created_ms };
}
