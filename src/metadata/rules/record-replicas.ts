import type { ChunkFacts } from '../../model/chunk.js';
import { deleteUnder, packNodes, updateChunkNodes, updateUnder } from '../rows/chunk.js';
import type { Transaction, Tx } from '../tx.js';

/** The nodes of a chunk before and after. */
export interface ReplicaChange extends ChunkFacts {
  before: number[];
  after: number[];
}

/** Writes grown replica lists; what has reached RF is repair's concern no more. */
export function* recordReplicas(tx: Tx, changes: readonly ReplicaChange[], replicationFactor: number): Transaction<void> {
  const grown = changes.filter(({ before, after }) => after.length > before.length);
  if (grown.length === 0) return;
  yield* tx.run(updateChunkNodes, [JSON.stringify(grown.map(({ id, after }) => [id, packNodes(after)]))]);
  const whole = grown.filter(({ after }) => after.length >= replicationFactor).map(({ id }) => id);
  const removed = yield* tx.run(deleteUnder, [JSON.stringify(whole)]);
  yield* tx.bump('under', -removed);
  yield* tx.run(updateUnder, [JSON.stringify(grown.map(({ id, after }) => [id, after.length]))]);
}
