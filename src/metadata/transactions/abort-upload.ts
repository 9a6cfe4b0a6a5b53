import type { Attempt } from '../attempt.js';
import type { PartName } from '../rules/find-upload.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface AbortUploadArgs extends PartName {
  attempt: Attempt;
  nowMs: number;
}

// BODY
export function* abortUpload(_tx: Tx, _args: AbortUploadArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
