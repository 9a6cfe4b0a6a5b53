import type { ChunkInfo } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ScanChunksArgs {
  /** Null: from the first. */
  afterId: string | null;
  limit: number;
}

export interface ScanChunksResult {
  chunks: ChunkInfo[];
  /** Null at the end. */
  nextAfterId: string | null;
}

// BODY
export function* scanChunks(_tx: ReadTx, _args: ScanChunksArgs): Transaction<ScanChunksResult> {
  throw new AssertionFailure('not built yet');
}
