import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ExpireAttemptsArgs {
  nowMs: number;
  limit: number;
}

export interface ExpireAttemptsResult {
  removed: number;
}

// BODY
export function* expireAttempts(_tx: Tx, _args: ExpireAttemptsArgs): Transaction<ExpireAttemptsResult> {
  throw new AssertionFailure('not built yet');
}
