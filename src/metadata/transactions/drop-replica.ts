import { uuidToBytes } from '../../base/uuid.js';
import { chunkById, insertUnder, packNodes, stateCode, unpackNodes, updateChunkNodes, updateUnder } from '../rows/chunk.js';
import { nodeById } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

export interface DropReplicaArgs {
  id: string;
  nodeId: string;
  /** What the node says of its copy. */
  found: 'missing' | 'damaged';
  replicationFactor: number;
  nowMs: number;
}

export interface DropReplicaResult {
  /** False: the chunk is gone, or was not recorded on that node. */
  dropped: boolean;
  /** It is damaged and no other copy is recorded: it stays on record, since its sound blocks are all that is left. */
  kept: boolean;
  /** Copies still recorded. */
  copies: number;
}

/**
 * A copy is known to be missing or damaged: it is not counted or read any more. A damaged one stays when it is the last
 * on record: what can be read of it must be found. Of a missing one the chunk keeps its row, so that what is lost can be
 * named.
 */
export function* dropReplica(tx: Tx, args: DropReplicaArgs): Transaction<DropReplicaResult> {
  const row = yield* tx.get(chunkById, [uuidToBytes(args.id)]);
  const node = yield* tx.get(nodeById, [Buffer.from(args.nodeId)]);
  const before = row === undefined ? [] : unpackNodes(row.nodes);
  const after = before.filter((number) => number !== node?.number);
  if (row === undefined || after.length === before.length) return { dropped: false, kept: false, copies: before.length };

  const kept = args.found === 'damaged' && after.length === 0;
  const copies = kept ? before.length : after.length;
  if (!kept) yield* tx.run(updateChunkNodes, [JSON.stringify([[args.id, packNodes(after)]])]);
  if (row.state === stateCode('present') && copies < args.replicationFactor) {
    const under = JSON.stringify([[args.id, copies]]);
    yield* tx.bump('under', yield* tx.run(insertUnder, [args.nowMs, under]));
    yield* tx.run(updateUnder, [under]);
  }
  return { dropped: !kept, kept, copies };
}
