import { updateFenced } from '../rows/cluster.js';
import type { Transaction, Tx } from '../tx.js';

export interface MarkFencedArgs {
  /** The epoch that outbid ours. */
  epoch: number;
}

/** Another master has outbid this one: the store begins no reign any more unless a person says so. */
export function* markFenced(tx: Tx, args: MarkFencedArgs): Transaction<Record<string, never>> {
  yield* tx.run(updateFenced, [args.epoch]);
  return {};
}
