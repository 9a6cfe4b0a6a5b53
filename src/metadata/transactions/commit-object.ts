import type { WrittenChunk } from '../../model/chunk.js';
import type { ObjectAttributes, ObjectChecksum, WriteConditions } from '../../model/object.js';
import type { Attempt } from '../attempt.js';
import { currentObject, putCurrent } from '../rules/current-object.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { Quorum } from '../rules/receipts.js';
import { storeBody } from '../rules/store-body.js';
import { judgeWrite } from '../rules/write-conditions.js';
import type { Transaction, Tx } from '../tx.js';

export interface CommitObjectArgs extends InBucket, ObjectAttributes, Quorum {
  attempt: Attempt;
  key: string;
  conditions: WriteConditions;
  sizeBytes: number;
  etag: string;
  checksum: ObjectChecksum | null;
  chunks: WrittenChunk[];
  nowMs: number;
}

export interface CommitObjectResult {
  versionNumber: number;
  lastModifiedMs: number;
}

/** Makes what a gateway wrote on datanodes the current version of its key. */
export function* commitObject(tx: Tx, args: CommitObjectArgs): Transaction<CommitObjectResult> {
  // 1. What the gateway decided on still holds.
  const key = Buffer.from(args.key);
  const current = yield* currentObject(tx, args, key);
  judgeWrite(args.conditions, current?.etag ?? null);
  // 2. The bytes.
  const versionNumber = yield* tx.nextNumber();
  yield* storeBody(tx, versionNumber, args);
  // 3. The name. From here on readers see it.
  const { sizeBytes, etag, checksum, headers, userMetadata, nowMs: lastModifiedMs } = args;
  const version = { versionNumber, sizeBytes, etag, lastModifiedMs, checksum, headers, userMetadata, partCount: null };
  yield* putCurrent(tx, args.bucketId, key, version, current);
  return { versionNumber, lastModifiedMs };
}
