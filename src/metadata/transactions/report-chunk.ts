import type { ChunkFacts } from '../../model/chunk.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ReportChunkArgs extends ChunkFacts {
  nodeId: string;
  generation: number;
  replicationFactor: number;
  nowMs: number;
}

// BODY
export function* reportChunk(_tx: Tx, _args: ReportChunkArgs): Transaction<Record<string, never>> {
  throw new AssertionFailure('not built yet');
}
