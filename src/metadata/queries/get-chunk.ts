import { uuidToBytes } from '../../base/uuid.js';
import { chunkById, chunkInfo, type ChunkInfo } from '../rows/chunk.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface GetChunkArgs {
  id: string;
}

export function* getChunk(tx: ReadTx, args: GetChunkArgs): Transaction<ChunkInfo | null> {
  const row = yield* tx.get(chunkById, [uuidToBytes(args.id)]);
  return row === undefined ? null : chunkInfo(row);
}
