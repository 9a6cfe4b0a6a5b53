import { Refusal } from '../../model/refusal.js';
import { nodeById, type NodeRow } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';
import { copiesCount } from '../../model/node-state.js';

/** A node that a person gives up, as it stood when its copies were looked at first. */
export interface LostNode {
  nodeId: string;
  stateSinceMs: number;
}

/**
 * The row of a node that is being given up. While it stands as it stood, no receipt of it counts, so a row that does not
 * name it will not do so later.
 */
export function* lostNode(tx: Tx, { nodeId, stateSinceMs }: LostNode): Transaction<NodeRow> {
  const node = yield* tx.get(nodeById, [Buffer.from(nodeId)]);
  if (node === undefined) throw new Refusal('node-unknown');
  if (copiesCount(node.state) || node.state_since_ms !== stateSinceMs) {
    throw new Refusal('node-present', `The node has become ${node.state} meanwhile: look at it again.`);
  }
  return node;
}
