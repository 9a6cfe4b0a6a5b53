import { must } from '../../base/must.js';
import { clusterRow } from '../rows/cluster.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface GetSettingsResult {
  /** Null before `initCluster`. */
  clusterId: string | null;
  /** Of the last reign that began here; 0 before the first. */
  epoch: number;
  reignId: string | null;
  /** Another master has outbid this store. */
  fenced: boolean;
  /** Sweep generation. */
  generation: number;
  /** The highest of a controller's election that was accepted; 0 before the first. */
  electionEpoch: number;
}

export function* getSettings(tx: ReadTx, _args: Record<string, never>): Transaction<GetSettingsResult> {
  const row = must(yield* tx.get(clusterRow, []), 'the row of the cluster');
  return {
    clusterId: row.cluster_id,
    epoch: row.epoch,
    reignId: row.reign_id,
    fenced: row.fenced === 1,
    generation: row.generation,
    electionEpoch: row.election_epoch,
  };
}
