import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ExpireFinishedUploadsArgs {
  nowMs: number;
  limit: number;
}

export interface ExpireFinishedUploadsResult {
  /** Rows removed; equal to `limit` means there may be more. */
  removed: number;
}

// BODY
export function* expireFinishedUploads(_tx: Tx, _args: ExpireFinishedUploadsArgs): Transaction<ExpireFinishedUploadsResult> {
  throw new AssertionFailure('not built yet');
}
