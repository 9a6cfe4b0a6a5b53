import type { Quorum } from '../rules/receipts.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface CompleteRestUploadArgs extends Quorum {
  id: string;
  nowMs: number;
}

// BODY
export function* completeRestUpload(_tx: Tx, _args: CompleteRestUploadArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
