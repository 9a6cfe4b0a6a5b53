import type { ObjectVersion, WriteConditions } from '../../model/object.js';
import type { Attempt } from '../attempt.js';
import type { PartName } from '../rules/find-upload.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface CompleteUploadArgs extends PartName {
  attempt: Attempt;
  conditions: WriteConditions;
  parts: { partNumber: number; etag: string; checksum: string | null }[];
  /** What the client says the whole object's checksum is. */
  expectedChecksum: string | null;
  expectedSizeBytes: number | null;
  nowMs: number;
}

// BODY
export function* completeUpload(_tx: Tx, _args: CompleteUploadArgs): Transaction<ObjectVersion> {
  throw new AssertionFailure('not built yet');
}
