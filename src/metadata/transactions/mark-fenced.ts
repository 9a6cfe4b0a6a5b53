import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface MarkFencedArgs {
  /** The epoch that outbid ours. */
  epoch: number;
}

// BODY
export function* markFenced(_tx: Tx, _args: MarkFencedArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
