import { uuidToBytes } from '../../base/uuid.js';
import { chunkInfo, type ChunkInfo, underPage } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';

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

/** Chunks with too few copies, those with the fewest first. */
export function* listUnder(tx: ReadTx, args: ListUnderArgs): Transaction<ListUnderResult> {
  const { after, committedBeforeMs, limit } = args;
  const from = after === null ? { copies: -1, id: Buffer.alloc(0) } : { copies: after.copies, id: uuidToBytes(after.id) };
  const rows = yield* tx.all(underPage, [from.copies, from.id, committedBeforeMs, limit], limit);
  const chunks = rows.map((row) => ({ ...chunkInfo(row), copies: row.copies, sinceMs: row.since_ms }));
  const last = chunks.at(-1);
  return { chunks, nextAfter: last === undefined || chunks.length < limit ? null : { copies: last.copies, id: last.id } };
}
