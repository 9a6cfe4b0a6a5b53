import { uuidToBytes, uuidToHex } from '../../base/uuid.js';
import type { ChunkFacts } from '../../model/chunk.js';
import { Refusal } from '../../model/refusal.js';
import { chunkById, chunkInfo, insertChunk, insertUnder, kindCode, packNodes, stateCode } from '../rows/chunk.js';
import { doomedAmong } from '../rows/garbage.js';
import { nodeById } from '../rows/node.js';
import { restUploadById } from '../rows/rest.js';
import { copiesCount } from '../../model/node-state.js';
import { recordReplicas } from '../rules/record-replicas.js';
import type { Transaction, Tx } from '../tx.js';

export interface ReportChunkArgs extends ChunkFacts {
  nodeId: string;
  generation: number;
  replicationFactor: number;
  nowMs: number;
}

/**
 * A node has stored an object that came by REST. Repeats are harmless; copies must agree in length and CRC. Without an
 * upload that was announced the object is complete with its first copy, and repair makes the others.
 */
export function* reportChunk(tx: Tx, args: ReportChunkArgs): Transaction<Record<string, never>> {
  const { id, lengthBytes, crc32c } = args;
  const node = yield* tx.get(nodeById, [Buffer.from(args.nodeId)]);
  if (node === undefined) throw new Refusal('node-unknown');
  if (!copiesCount(node.state)) throw new Refusal('node-closed');
  // An order to delete that copy may be on its way.
  const doomed = yield* tx.get(doomedAmong, [JSON.stringify([[node.number, id]])]);
  if (doomed !== undefined) throw new Refusal('object-exists');

  const row = yield* tx.get(chunkById, [uuidToBytes(id)]);
  if (row === undefined) {
    yield* addRestChunk(tx, args, node.number);
    return {};
  }
  const chunk = chunkInfo(row);
  if (chunk.kind !== 'rest' || chunk.state === 'deleted') throw new Refusal('object-exists');
  if (chunk.lengthBytes !== lengthBytes || chunk.crc32c !== crc32c) throw new Refusal('chunk-conflict');
  const before = chunk.nodeNumbers;
  const after = before.includes(node.number) ? before : [...before, node.number];
  yield* recordReplicas(tx, [{ id, lengthBytes, crc32c, before, after }], args.replicationFactor);
  return {};
}

function* addRestChunk(tx: Tx, args: ReportChunkArgs, nodeNumber: number): Transaction<void> {
  const { id, lengthBytes, crc32c, generation } = args;
  const state = (yield* tx.get(restUploadById, [uuidToBytes(id)])) === undefined ? 'present' : 'pending';
  yield* tx.run(insertChunk, [uuidToHex(id), lengthBytes, crc32c, packNodes([nodeNumber]), kindCode('rest'), generation, stateCode(state)]);
  yield* tx.bump('chunks', 1);
  yield* tx.bump('chunkBytes', lengthBytes);
  yield* tx.bump('restObjects', 1);
  if (state === 'present' && args.replicationFactor > 1) {
    yield* tx.bump('under', yield* tx.run(insertUnder, [args.nowMs, JSON.stringify([[id, 1]])]));
  }
}
