import type { NodeState } from '../../model/node.js';
import { Refusal } from '../../model/refusal.js';
import { nodeById, updateNodeState } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

export interface SetNodeStateArgs {
  nodeId: string;
  state: NodeState;
  /** For people. */
  reason: string | null;
  /** The start of the node that this is about; refused as `boot-stale` when a later one is known. Null: any. */
  boot: number | null;
  nowMs: number;
}

export interface SetNodeStateResult {
  /** False: it stood in that state already. */
  changed: boolean;
}

export function* setNodeState(tx: Tx, args: SetNodeStateArgs): Transaction<SetNodeStateResult> {
  const node = yield* tx.get(nodeById, [Buffer.from(args.nodeId)]);
  if (node === undefined) throw new Refusal('node-unknown');
  if (args.boot !== null && args.boot < node.boot) throw new Refusal('boot-stale');
  if (node.state === args.state) return { changed: false };
  yield* tx.run(updateNodeState, [args.state, args.nowMs, args.reason, node.number]);
  return { changed: true };
}
