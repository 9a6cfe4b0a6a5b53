import type { NodeInfo } from '../rows/node.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface UpsertNodeArgs {
  nodeId: string;
  boot: number;
  address: string;
  host: string;
  zone: string;
  capacityBytes: number;
  freeBytes: number;
  nowMs: number;
}

// BODY
export function* upsertNode(_tx: Tx, _args: UpsertNodeArgs): Transaction<NodeInfo> {
  throw new AssertionFailure('not built yet');
}
