import { insertBody, packChunks } from '../rows/body.js';
import { chunkById, chunkInfo, deleteUnder, stateCode, updateChunkState } from '../rows/chunk.js';
import { deleteRestUpload } from '../rows/rest.js';
import { insertSlice } from '../rows/slice.js';
import type { Transaction, Tx } from '../tx.js';
import { release } from './release.js';

/**
 * Hides an object of the REST API and queues its chunk: as the body of an owner that nobody sees, so that the garbage
 * has one shape. Answers whether there was anything.
 */
export function* discardRestObject(tx: Tx, id: Buffer, nowMs: number): Transaction<boolean> {
  const uploads = yield* tx.run(deleteRestUpload, [id]);
  const row = yield* tx.get(chunkById, [id]);
  const chunk = row === undefined ? null : chunkInfo(row);
  if (chunk === null || chunk.kind !== 'rest' || chunk.state === 'deleted') return uploads > 0;

  yield* tx.run(updateChunkState, [stateCode('deleted'), id]);
  yield* tx.bump('under', -(yield* tx.run(deleteUnder, [JSON.stringify([chunk.id])])));
  yield* tx.bump('restObjects', -1);
  const owner = yield* tx.nextNumber();
  yield* tx.run(insertBody, [owner, 1, packChunks([chunk])]);
  yield* tx.run(insertSlice, [owner, 0, 0, owner, 0, chunk.lengthBytes]);
  yield* release(tx, [owner], nowMs);
  return true;
}
