import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

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
}

// BODY
export function* getSettings(_tx: ReadTx, _args: Record<string, never>): Transaction<GetSettingsResult> {
  throw new AssertionFailure('not built yet');
}
