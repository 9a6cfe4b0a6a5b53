import { must } from '../../base/must.js';
import { Refusal } from '../../model/refusal.js';
import { clusterRow, updateClusterId } from '../rows/cluster.js';
import type { Transaction, Tx } from '../tx.js';

export interface InitClusterArgs {
  /** UUID, made by the first master. */
  clusterId: string;
}

export interface InitClusterResult {
  clusterId: string;
}

/** Gives the store its cluster id, once and for ever. */
export function* initCluster(tx: Tx, args: InitClusterArgs): Transaction<InitClusterResult> {
  const { cluster_id: known } = must(yield* tx.get(clusterRow, []), 'the row of the cluster');
  if (known === null) yield* tx.run(updateClusterId, [args.clusterId]);
  else if (known !== args.clusterId) throw new Refusal('cluster-foreign');
  return { clusterId: args.clusterId };
}
