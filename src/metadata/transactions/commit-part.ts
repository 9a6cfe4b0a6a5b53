import type { WrittenChunk } from '../../model/chunk.js';
import type { Attempt } from '../attempt.js';
import type { PartChecksum } from '../rows/part.js';
import type { PartName } from '../rules/find-upload.js';
import type { Quorum } from '../rules/receipts.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface CommitPartArgs extends PartName, Quorum {
  attempt: Attempt;
  partNumber: number;
  sizeBytes: number;
  etag: string;
  /** Of the part alone, in the upload's algorithm. */
  checksum: PartChecksum | null;
  chunks: WrittenChunk[];
  nowMs: number;
}

export interface CommitPartResult {
  lastModifiedMs: number;
}

// BODY
export function* commitPart(_tx: Tx, _args: CommitPartArgs): Transaction<CommitPartResult> {
  throw new AssertionFailure('not built yet');
}
