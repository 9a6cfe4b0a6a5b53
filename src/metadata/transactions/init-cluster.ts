import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface InitClusterArgs {
  /** UUID, made by the first master. */
  clusterId: string;
}

export interface InitClusterResult {
  clusterId: string;
}

// BODY
export function* initCluster(_tx: Tx, _args: InitClusterArgs): Transaction<InitClusterResult> {
  throw new AssertionFailure('not built yet');
}
