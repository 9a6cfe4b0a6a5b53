import type { ChunkFacts } from '../../model/chunk.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface AddReplicasArgs {
  chunks: (ChunkFacts & { nodeIds: string[] })[];
  replicationFactor: number;
}

// BODY
export function* addReplicas(_tx: Tx, _args: AddReplicasArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
