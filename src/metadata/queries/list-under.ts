import type { ChunkInfo } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ListUnderArgs {
  /** Where the last page ended; null from the start. Fewest copies first. */
  after: { copies: number; id: string } | null;
  /** Leaves out chunks committed after this time. */
  committedBeforeMs: number;
  limit: number;
}

export interface ListUnderResult {
  chunks: (ChunkInfo & { copies: number; sinceMs: number })[];
  /** Null at the end. */
  nextAfter: { copies: number; id: string } | null;
}

// BODY
export function* listUnder(_tx: ReadTx, _args: ListUnderArgs): Transaction<ListUnderResult> {
  throw new AssertionFailure('not built yet');
}
