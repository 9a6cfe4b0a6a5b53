import type { ChunkInfo } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface GetChunkArgs {
  id: string;
}

// BODY
export function* getChunk(_tx: ReadTx, _args: GetChunkArgs): Transaction<ChunkInfo | null> {
  throw new AssertionFailure('not built yet');
}
