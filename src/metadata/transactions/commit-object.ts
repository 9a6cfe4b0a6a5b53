import type { WrittenChunk } from '../../model/chunk.js';
import type { ObjectAttributes, ObjectChecksum, WriteConditions } from '../../model/object.js';
import type { Attempt } from '../attempt.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { Quorum } from '../rules/receipts.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

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

// BODY
export function* commitObject(_tx: Tx, _args: CommitObjectArgs): Transaction<CommitObjectResult> {
  throw new AssertionFailure('not built yet');
}
