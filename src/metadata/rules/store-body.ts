import { must } from '../../base/must.js';
import { uuidToHex } from '../../base/uuid.js';
import type { WrittenChunk } from '../../model/chunk.js';
import { Refusal } from '../../model/refusal.js';
import { insertBody, packChunks } from '../rows/body.js';
import { insertChunk, insertChunks, insertUnder, kindCode, packNodes, stateCode } from '../rows/chunk.js';
import { currentGeneration } from '../rows/cluster.js';
import { insertSlice } from '../rows/slice.js';
import type { Transaction, Tx } from '../tx.js';
import { judgeReceipts, type Quorum } from './receipts.js';

export interface WrittenBody extends Quorum {
  chunks: readonly WrittenChunk[];
  sizeBytes: number;
  nowMs: number;
}

/**
 * Takes what a writer has put on datanodes: chunk rows, the body that lists them, and the only slice of `owner`, which
 * lends the body its number. An empty body leaves nothing.
 */
export function* storeBody(tx: Tx, owner: number, body: WrittenBody): Transaction<void> {
  const { chunks, sizeBytes } = body;
  let lengthBytes = 0;
  for (const chunk of chunks) {
    if (chunk.lengthBytes === 0) throw new Refusal('wire-malformed', 'A chunk is empty.');
    lengthBytes += chunk.lengthBytes;
  }
  if (lengthBytes !== sizeBytes) throw new Refusal('wire-malformed', 'The chunks do not add up to the size.');
  if (chunks.length === 0) return;

  // 1. The sweep takes unreferenced chunks at or below current − 2: what is older than current − 1 may be gone.
  const { generation } = must(yield* tx.getKept(currentGeneration, []), 'the row of the cluster');
  for (const chunk of chunks) if (chunk.generation < generation - 1) throw new Refusal('generation-old');
  // 2. Enough copies on nodes that count.
  const placed = yield* judgeReceipts(tx, chunks, body.writeQuorum);
  // 3. The rows. A chunk belongs to one body for ever.
  if ((yield* insertChunkRows(tx, chunks, placed)) !== chunks.length) throw new Refusal('chunk-conflict');
  yield* tx.run(insertBody, [owner, 1, packChunks(chunks)]);
  yield* tx.run(insertSlice, [owner, 0, 0, owner, 0, sizeBytes]);
  yield* tx.bump('chunks', chunks.length);
  yield* tx.bump('chunkBytes', sizeBytes);
  // 4. What repair has to look at.
  const under: [string, number][] = [];
  for (const [index, chunk] of chunks.entries()) {
    const copies = placed[index]!.length;
    if (copies < body.replicationFactor) under.push([chunk.id, copies]);
  }
  if (under.length > 0) {
    yield* tx.run(insertUnder, [body.nowMs, JSON.stringify(under)]);
    yield* tx.bump('under', under.length);
  }
}

/** One chunk, which nearly every body is, goes without the detour over JSON. */
function* insertChunkRows(tx: Tx, chunks: readonly WrittenChunk[], placed: readonly number[][]): Transaction<number> {
  if (chunks.length === 1) {
    const { id, lengthBytes, crc32c, generation } = chunks[0]!;
    const nodes = packNodes(placed[0]!);
    return yield* tx.run(insertChunk, [uuidToHex(id), lengthBytes, crc32c, nodes, kindCode('chunk'), generation, stateCode('present')]);
  }
  const rows = chunks.map(({ id, lengthBytes, crc32c, generation }, index) => [
    id,
    lengthBytes,
    crc32c,
    packNodes(placed[index]!),
    generation,
  ]);
  return yield* tx.run(insertChunks, [JSON.stringify(rows)]);
}
