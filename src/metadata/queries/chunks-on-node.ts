import type { ChunkInfo } from '../rows/chunk.js';
import { chunkScan } from '../rules/chunk-scan.js';
import type { ReadTx, Transaction } from '../tx.js';

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

/** The chunks that have a copy on a node. There is no index of it: this looks at all chunks, page by page. */
export function* chunksOnNode(tx: ReadTx, args: ChunksOnNodeArgs): Transaction<ChunksOnNodeResult> {
  const { chunks, nextAfterId } = yield* chunkScan(tx, args.afterId, args.limit);
  return { chunks: chunks.filter(({ nodeNumbers }) => nodeNumbers.includes(args.nodeNumber)), nextAfterId };
}
