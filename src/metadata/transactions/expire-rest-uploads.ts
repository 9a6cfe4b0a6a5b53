import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ExpireRestUploadsArgs {
  nowMs: number;
  limit: number;
}

export interface ExpireRestUploadsResult {
  removed: number;
}

// BODY
export function* expireRestUploads(_tx: Tx, _args: ExpireRestUploadsArgs): Transaction<ExpireRestUploadsResult> {
  throw new AssertionFailure('not built yet');
}
