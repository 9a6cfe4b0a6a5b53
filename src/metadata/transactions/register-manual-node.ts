import { must } from '../../base/must.js';
import { Refusal } from '../../model/refusal.js';
import { forgottenNodeById, nodeById, type NodeInfo, nodeInfo, raiseNodeNumber, upsertNodeRow } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

export interface RegisterManualNodeArgs {
  nodeId: string;
  address: string;
  nowMs: number;
}

/** Somebody names a node by hand. It is shown, never written to; a row that a heartbeat has proven stays as it is. */
export function* registerManualNode(tx: Tx, args: RegisterManualNodeArgs): Transaction<NodeInfo> {
  const id = Buffer.from(args.nodeId);
  const known = yield* tx.get(nodeById, [id]);
  if (known?.proven === 1) throw new Refusal('node-proven');
  if (known === undefined && (yield* tx.get(forgottenNodeById, [id])) !== undefined) throw new Refusal('node-forgotten');
  const number = known?.number ?? must(yield* tx.get(raiseNodeNumber, []), 'the row of the cluster').node_number;
  yield* tx.run(upsertNodeRow, [number, id, args.address, '', '', 'manual', args.nowMs, null, 'open', 0, 0, 0, 0]);
  return nodeInfo(must(yield* tx.get(nodeById, [id]), 'the row just written'));
}
