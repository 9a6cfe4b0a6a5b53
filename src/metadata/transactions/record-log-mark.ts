import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface RecordLogMarkArgs {
  nodeId: string;
  boot: number;
  sequence: number;
  digest: string;
}

// BODY
export function* recordLogMark(_tx: Tx, _args: RecordLogMarkArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
