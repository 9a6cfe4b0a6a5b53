import { assert } from '../../base/assert.js';
import { must } from '../../base/must.js';
import { distinctBodiesOf, raiseBodiesOf } from '../rows/body.js';
import type { Transaction, Tx } from '../tx.js';

/**
 * Counts the slices that `owner` has got of bodies that others hold too. The source is visible in this transaction, so
 * each of its bodies has a count above 0: counts fall only after the source has been released.
 */
export function* raiseBodies(tx: Tx, owner: number): Transaction<void> {
  const raised = yield* tx.run(raiseBodiesOf, [owner]);
  const { bodies } = must(yield* tx.get(distinctBodiesOf, [owner]), 'a count');
  assert(raised === bodies, 'a visible object rests on bodies that are counted');
}
