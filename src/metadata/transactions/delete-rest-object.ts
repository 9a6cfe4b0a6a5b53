import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface DeleteRestObjectArgs {
  id: string;
  nowMs: number;
}

// BODY
export function* deleteRestObject(_tx: Tx, _args: DeleteRestObjectArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
