import type { ChunkInfo } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ChunksOnNodeArgs {
  nodeNumber: number;
  afterId: string | null;
  /** Chunks looked at, so the answer may be empty and still not the last. */
  limit: number;
}

export interface ChunksOnNodeResult {
  chunks: ChunkInfo[];
  nextAfterId: string | null;
}

// BODY
export function* chunksOnNode(_tx: ReadTx, _args: ChunksOnNodeArgs): Transaction<ChunksOnNodeResult> {
  throw new AssertionFailure('not built yet');
}
