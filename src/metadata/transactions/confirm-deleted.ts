import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ConfirmDeletedArgs {
  nodeNumber: number;
  ids: string[];
}

// BODY
export function* confirmDeleted(_tx: Tx, _args: ConfirmDeletedArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
