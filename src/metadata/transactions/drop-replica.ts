import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface DropReplicaArgs {
  id: string;
  nodeId: string;
  replicationFactor: number;
  nowMs: number;
}

export interface DropReplicaResult {
  /** False: the chunk is gone, or was not recorded on that node. */
  dropped: boolean;
  /** Copies still recorded. */
  copies: number;
}

// BODY
export function* dropReplica(_tx: Tx, _args: DropReplicaArgs): Transaction<DropReplicaResult> {
  throw new AssertionFailure('not built yet');
}
