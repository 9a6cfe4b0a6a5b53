import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface DoomedOnArgs {
  nodeNumber: number;
  afterId: string | null;
  limit: number;
}

export interface DoomedOnResult {
  ids: string[];
}

// BODY
export function* doomedOn(_tx: ReadTx, _args: DoomedOnArgs): Transaction<DoomedOnResult> {
  throw new AssertionFailure('not built yet');
}
