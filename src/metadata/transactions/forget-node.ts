import { deleteNode, insertForgottenNode } from '../rows/node.js';
import { lostNode, type LostNode } from '../rules/lost-node.js';
import type { Transaction, Tx } from '../tx.js';

export interface ForgetNodeArgs extends LostNode {
  nowMs: number;
}

/**
 * A person has given the node up, and `dropLostCopies` has gone over every chunk row since it stands as it does: its row
 * goes. Its number is never used again, and its volume is remembered, to be refused. One that was only named by hand has
 * no volume: it leaves nothing.
 */
export function* forgetNode(tx: Tx, args: ForgetNodeArgs): Transaction<Record<string, never>> {
  const { id, number, proven } = yield* lostNode(tx, args);
  yield* tx.run(deleteNode, [id]);
  if (proven === 1) yield* tx.run(insertForgottenNode, [id, number, args.nowMs]);
  return {};
}
