import type { NodeInfo } from '../rows/node.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ListNodesResult {
  nodes: NodeInfo[];
}

// BODY
export function* listNodes(_tx: ReadTx, _args: Record<string, never>): Transaction<ListNodesResult> {
  throw new AssertionFailure('not built yet');
}
