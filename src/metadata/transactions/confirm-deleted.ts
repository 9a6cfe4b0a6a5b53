import { deleteDoomed } from '../rows/garbage.js';
import type { Transaction, Tx } from '../tx.js';

export interface ConfirmDeletedArgs {
  nodeNumber: number;
  ids: string[];
}

/** The node has removed these copies durably, or never had them. */
export function* confirmDeleted(tx: Tx, args: ConfirmDeletedArgs): Transaction<Record<string, never>> {
  const removed = yield* tx.run(deleteDoomed, [args.nodeNumber, JSON.stringify(args.ids)]);
  yield* tx.bump('doomed', -removed);
  return {};
}
