import { assert } from '../../base/assert.js';
import { batchRowsMax, commitChunksMax } from '../../model/limits.js';
import { doomedChunksMax } from '../limits.js';
import { unpackChunks } from '../rows/body.js';
import { chunkInfo, chunksByIds, deleteChunks, deleteUnder } from '../rows/chunk.js';
import { deleteBodies, insertDoomed, lowerBodies, unreferencedBodies, type GarbageSliceRow } from '../rows/garbage.js';
import type { Transaction, Tx } from '../tx.js';

/** Counts down the bodies of these slices. The chunks of those at 0 lose their rows; each copy becomes a row for its node. */
export function* doomBodies(tx: Tx, slices: readonly GarbageSliceRow[]): Transaction<number> {
  const times = new Map<number, number>();
  for (const { body } of slices) times.set(body, (times.get(body) ?? 0) + 1);
  if (times.size === 0) return 0;
  yield* tx.run(lowerBodies, [JSON.stringify([...times])]);
  const bodies = yield* tx.all(unreferencedBodies, [JSON.stringify([...times.keys()])], batchRowsMax);
  if (bodies.length === 0) return 0;

  const ids = bodies.flatMap(({ chunks }) => unpackChunks(chunks).map(({ id }) => id));
  const idsJson = JSON.stringify(ids);
  const rows = yield* tx.all(chunksByIds, [idsJson], doomedChunksMax + commitChunksMax);
  assert(rows.length === ids.length, 'each chunk of a body has a row');
  const chunks = rows.map((row) => chunkInfo(row));
  const copies = chunks.flatMap(({ id, nodeNumbers }) => nodeNumbers.map((node) => [node, id]));
  yield* tx.bump('doomed', yield* tx.run(insertDoomed, [JSON.stringify(copies)]));
  yield* tx.bump('under', -(yield* tx.run(deleteUnder, [idsJson])));
  yield* tx.run(deleteChunks, [idsJson]);
  yield* tx.run(deleteBodies, [JSON.stringify(bodies.map(({ number }) => number))]);
  yield* tx.bump('chunks', -chunks.length);
  yield* tx.bump('chunkBytes', -chunks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0));
  return chunks.length;
}
