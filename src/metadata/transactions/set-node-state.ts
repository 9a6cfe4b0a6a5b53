import type { NodeState } from '../../model/node.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface SetNodeStateArgs {
  nodeId: string;
  state: NodeState;
  /** For people. */
  reason: string | null;
  /** The start of the node that this is about; refused as `boot-stale` when a later one is known. Null: any. */
  boot: number | null;
  nowMs: number;
}

export interface SetNodeStateResult {
  /** False: it stood in that state already. */
  changed: boolean;
}

// BODY
export function* setNodeState(_tx: Tx, _args: SetNodeStateArgs): Transaction<SetNodeStateResult> {
  throw new AssertionFailure('not built yet');
}
