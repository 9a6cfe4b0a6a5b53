import { must } from '../../base/must.js';
import { Refusal } from '../../model/refusal.js';
import { clusterRow, updateElectionEpoch } from '../rows/cluster.js';
import type { Transaction, Tx } from '../tx.js';

export interface AcceptElectionArgs {
  electionEpoch: number;
}

/** A controller of this election is believed from here on, an earlier one never again. */
export function* acceptElection(tx: Tx, { electionEpoch }: AcceptElectionArgs): Transaction<Record<string, never>> {
  const { election_epoch: known } = must(yield* tx.get(clusterRow, []), 'the row of the cluster');
  if (electionEpoch < known) throw new Refusal('observer-stale', `Election epoch ${known} is known, this is ${electionEpoch}.`);
  if (electionEpoch > known) yield* tx.run(updateElectionEpoch, [electionEpoch]);
  return {};
}
