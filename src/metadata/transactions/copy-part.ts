import type { Attempt } from '../attempt.js';
import type { PartChecksum } from '../rows/part.js';
import type { PartName } from '../rules/find-upload.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface CopyPartArgs extends PartName {
  attempt: Attempt;
  source: InBucket & { key: string; versionNumber: number; offsetBytes: number; sizeBytes: number };
  partNumber: number;
  etag: string;
  checksum: PartChecksum | null;
  nowMs: number;
}

export interface CopyPartResult {
  lastModifiedMs: number;
}

// BODY
export function* copyPart(_tx: Tx, _args: CopyPartArgs): Transaction<CopyPartResult> {
  throw new AssertionFailure('not built yet');
}
