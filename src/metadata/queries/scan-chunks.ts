import type { ChunkInfo } from '../rows/chunk.js';
import { chunkScan } from '../rules/chunk-scan.js';
import type { ReadTx, Transaction } from '../tx.js';

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

/** All chunks by id, page by page. */
export function* scanChunks(tx: ReadTx, args: ScanChunksArgs): Transaction<ScanChunksResult> {
  return yield* chunkScan(tx, args.afterId, args.limit);
}
