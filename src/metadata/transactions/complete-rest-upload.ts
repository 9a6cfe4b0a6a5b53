import { uuidToBytes } from '../../base/uuid.js';
import { nodesMax } from '../../model/limits.js';
import { Refusal } from '../../model/refusal.js';
import { chunkById, chunkInfo, insertUnder, stateCode, updateChunkState } from '../rows/chunk.js';
import { nodesByNumbers } from '../rows/node.js';
import { deleteRestUpload, restUploadById } from '../rows/rest.js';
import { copiesCount } from '../../model/node-state.js';
import type { Quorum } from '../rules/receipts.js';
import type { Transaction, Tx } from '../tx.js';

export interface CompleteRestUploadArgs extends Quorum {
  id: string;
  nowMs: number;
}

/** The client says that its copies are stored: they are, W of them, or the refusal says what is missing. */
export function* completeRestUpload(tx: Tx, args: CompleteRestUploadArgs): Transaction<Record<string, never>> {
  const id = uuidToBytes(args.id);
  const upload = yield* tx.get(restUploadById, [id]);
  const row = yield* tx.get(chunkById, [id]);
  const chunk = row === undefined ? null : chunkInfo(row);
  const known = chunk === null ? upload !== undefined : chunk.kind === 'rest' && chunk.state !== 'deleted';
  if (!known) throw new Refusal('object-unknown');

  const nodes = yield* tx.all(nodesByNumbers, [JSON.stringify(chunk?.nodeNumbers ?? [])], nodesMax);
  const copies = nodes.filter(({ state }) => copiesCount(state)).length;
  if (chunk === null || copies < args.writeQuorum) {
    throw new Refusal('object-incomplete', `${copies} of ${args.writeQuorum} copies are stored.`);
  }
  if (chunk.state === 'present') return {};
  yield* tx.run(deleteRestUpload, [id]);
  yield* tx.run(updateChunkState, [stateCode('present'), id]);
  if (chunk.nodeNumbers.length < args.replicationFactor) {
    yield* tx.bump('under', yield* tx.run(insertUnder, [args.nowMs, JSON.stringify([[args.id, chunk.nodeNumbers.length]])]));
  }
  return {};
}
