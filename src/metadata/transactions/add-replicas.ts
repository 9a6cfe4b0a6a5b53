import { assert } from '../../base/assert.js';
import { uuidFromBytes } from '../../base/uuid.js';
import type { ChunkFacts } from '../../model/chunk.js';
import { batchRowsMax, replicationFactorMax } from '../../model/limits.js';
import { chunkInfo, chunksByIds } from '../rows/chunk.js';
import { doomedAmong } from '../rows/garbage.js';
import { countedNodes } from '../rules/receipts.js';
import { recordReplicas, type ReplicaChange } from '../rules/record-replicas.js';
import type { Transaction, Tx } from '../tx.js';

export interface AddReplicasArgs {
  chunks: (ChunkFacts & { nodeIds: string[] })[];
  replicationFactor: number;
}

/**
 * Copies that were stored after their chunk was committed. Harmless when repeated. Passed over: a chunk that is gone or
 * has other facts, a node that does not count, a copy that the node is still to delete.
 */
export function* addReplicas(tx: Tx, args: AddReplicasArgs): Transaction<Record<string, never>> {
  assert(args.chunks.length <= batchRowsMax, 'a batch of replicas is bounded');
  const nodes = yield* countedNodes(
    tx,
    args.chunks.flatMap((chunk) => chunk.nodeIds),
  );
  const offered = args.chunks.flatMap(({ id, nodeIds }) => nodeIds.flatMap((nodeId) => [[nodes.get(nodeId)?.number ?? 0, id]]));
  const doomedRows = yield* tx.all(doomedAmong, [JSON.stringify(offered)], batchRowsMax * replicationFactorMax);
  const doomed = new Set(doomedRows.map(({ node, chunk }) => `${node} ${uuidFromBytes(chunk)}`));
  const rows = yield* tx.all(chunksByIds, [JSON.stringify([...new Set(args.chunks.map(({ id }) => id))])], batchRowsMax);
  const changes = new Map<string, ReplicaChange>();
  for (const row of rows) {
    const { id, lengthBytes, crc32c, state, nodeNumbers } = chunkInfo(row);
    if (state !== 'deleted') changes.set(id, { id, lengthBytes, crc32c, before: nodeNumbers, after: [...nodeNumbers] });
  }

  for (const { id, lengthBytes, crc32c, nodeIds } of args.chunks) {
    const change = changes.get(id);
    if (change?.lengthBytes !== lengthBytes || change.crc32c !== crc32c) continue;
    for (const nodeId of nodeIds) {
      const number = nodes.get(nodeId)?.number;
      if (number === undefined || change.after.includes(number) || doomed.has(`${number} ${id}`)) continue;
      change.after.push(number);
    }
  }
  yield* recordReplicas(tx, [...changes.values()], args.replicationFactor);
  return {};
}
