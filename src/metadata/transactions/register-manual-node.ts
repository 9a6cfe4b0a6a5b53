import { must } from '../../base/must.js';
import { Refusal } from '../../model/refusal.js';
import { nodeById, type NodeInfo, nodeInfo, upsertNodeRow } from '../rows/node.js';
import { newNodeNumber } from '../rules/new-node-number.js';
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
  const number = known?.number ?? (yield* newNodeNumber(tx, id));
  yield* tx.run(upsertNodeRow, [number, id, args.address, '', '', 'manual', args.nowMs, null, 'open', 0, 0, 0, 0]);
  return nodeInfo(must(yield* tx.get(nodeById, [id]), 'the row just written'));
}
