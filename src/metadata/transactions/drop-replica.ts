import { uuidToBytes } from '../../base/uuid.js';
import { chunkById, insertUnder, packNodes, stateCode, unpackNodes, updateChunkNodes, updateUnder } from '../rows/chunk.js';
import { nodeById } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

export interface DropReplicaArgs {
  id: string;
  nodeId: string;
  replicationFactor: number;
  nowMs: number;
}

export interface DropReplicaResult {
  /** False: the chunk is gone, or was not recorded on that node. */
  dropped: boolean;
  /** Copies still recorded. */
  copies: number;
}

/**
 * A copy is known to be missing or damaged: it is not counted or read any more. The chunk keeps its row when this was
 * the last one, so that what is lost can be named.
 */
export function* dropReplica(tx: Tx, args: DropReplicaArgs): Transaction<DropReplicaResult> {
  const row = yield* tx.get(chunkById, [uuidToBytes(args.id)]);
  const node = yield* tx.get(nodeById, [Buffer.from(args.nodeId)]);
  const before = row === undefined ? [] : unpackNodes(row.nodes);
  const after = before.filter((number) => number !== node?.number);
  if (row === undefined || after.length === before.length) return { dropped: false, copies: before.length };

  yield* tx.run(updateChunkNodes, [JSON.stringify([[args.id, packNodes(after).toString('hex')]])]);
  if (row.state === stateCode('present') && after.length < args.replicationFactor) {
    const under = JSON.stringify([[args.id, after.length]]);
    yield* tx.bump('under', yield* tx.run(insertUnder, [args.nowMs, under]));
    yield* tx.run(updateUnder, [under]);
  }
  return { dropped: true, copies: after.length };
}
