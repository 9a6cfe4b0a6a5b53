import { must } from '../../base/must.js';
import { Refusal } from '../../model/refusal.js';
import { nodeNumberMax } from '../limits.js';
import { forgottenNodeById, raiseNodeNumber } from '../rows/node.js';
import type { Transaction, Tx } from '../tx.js';

/** The number of a node that is not known: none is given twice. Refuses one that was forgotten, and when there are no more. */
export function* newNodeNumber(tx: Tx, id: Buffer): Transaction<number> {
  if ((yield* tx.get(forgottenNodeById, [id])) !== undefined) throw new Refusal('node-forgotten');
  const { node_number: number } = must(yield* tx.get(raiseNodeNumber, []), 'the row of the cluster');
  if (number > nodeNumberMax) throw new Refusal('slow-down', `All ${nodeNumberMax} numbers of nodes have been used.`);
  return number;
}
