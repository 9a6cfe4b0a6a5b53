import { must } from '../../base/must.js';
import { Refusal } from '../../model/refusal.js';
import { clusterRow, updateReign } from '../rows/cluster.js';
import type { Transaction, Tx } from '../tx.js';

export interface BeginReignArgs {
  reignId: string;
  /** The highest epoch heard of elsewhere, 0 when nothing was heard. */
  knownEpoch: number;
  /** Starts although another master outbid this one before. */
  takeOver: boolean;
}

export interface BeginReignResult {
  epoch: number;
}

/** A master starts: its epoch is above every one known anywhere. */
export function* beginReign(tx: Tx, args: BeginReignArgs): Transaction<BeginReignResult> {
  const cluster = must(yield* tx.get(clusterRow, []), 'the row of the cluster');
  if (cluster.fenced === 1 && !args.takeOver) throw new Refusal('reign-stale');
  const epoch = Math.max(cluster.epoch, args.knownEpoch) + 1;
  yield* tx.run(updateReign, [epoch, args.reignId]);
  return { epoch };
}
