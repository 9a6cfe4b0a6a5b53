import { uuidToBytes } from '../../base/uuid.js';
import { chunkInfo, chunkPage, type ChunkInfo } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface ChunkScan {
  chunks: ChunkInfo[];
  /** Null at the end. */
  nextAfterId: string | null;
}

export function* chunkScan(tx: ReadTx, afterId: string | null, limit: number): Transaction<ChunkScan> {
  const after = afterId === null ? Buffer.alloc(0) : uuidToBytes(afterId);
  const rows = yield* tx.all(chunkPage, [after, limit], limit);
  const chunks = rows.map((row) => chunkInfo(row));
  return { chunks, nextAfterId: chunks.length < limit ? null : (chunks.at(-1)?.id ?? null) };
}
