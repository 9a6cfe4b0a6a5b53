import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface BeginReignArgs {
  reignId: string;
  /** The highest epoch heard of elsewhere, 0 when nothing was heard. */
  knownEpoch: number;
  /** Starts although another master outbid this one before. */
  takeOver: boolean;
}

export interface BeginReignResult {
  epoch: number;
}

// BODY
export function* beginReign(_tx: Tx, _args: BeginReignArgs): Transaction<BeginReignResult> {
  throw new AssertionFailure('not built yet');
}
