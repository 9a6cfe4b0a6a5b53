import type { NodeInfo } from '../rows/node.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface RegisterManualNodeArgs {
  nodeId: string;
  address: string;
  nowMs: number;
}

// BODY
export function* registerManualNode(_tx: Tx, _args: RegisterManualNodeArgs): Transaction<NodeInfo> {
  throw new AssertionFailure('not built yet');
}
