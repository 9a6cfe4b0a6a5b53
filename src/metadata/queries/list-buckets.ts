import { bucketPage } from '../rows/bucket.js';
import { behindPrefix, pageStart } from '../rules/grouped-page.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface ListBucketsArgs {
  prefix: string;
  startAfter: string;
  limit: number;
}

export interface ListBucketsResult {
  buckets: { name: string; createdMs: number }[];
  truncated: boolean;
}

export function* listBuckets(tx: ReadTx, args: ListBucketsArgs): Transaction<ListBucketsResult> {
  const { prefix, startAfter, limit } = args;
  const rows = yield* tx.all(bucketPage, [pageStart(prefix, Buffer.from(startAfter)), behindPrefix(prefix), limit + 1], limit + 1);
  const buckets = rows.slice(0, limit).map(({ name, created_ms: createdMs }) => ({ name: name.toString(), createdMs }));
  return { buckets, truncated: rows.length > limit };
}
