import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface WorkGarbageArgs {
  nowMs: number;
  deleteGraceMs: number;
  /** Slices worked off at most, ≤ `batchRowsMax`. */
  limit: number;
}

export interface WorkGarbageResult {
  /** Chunks that became orders to delete. */
  chunksDoomed: number;
  /** Something is left that is due already. */
  more: boolean;
}

// BODY
export function* workGarbage(_tx: Tx, _args: WorkGarbageArgs): Transaction<WorkGarbageResult> {
  throw new AssertionFailure('not built yet');
}
