import type { Counter, ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

// BODY
export function* statistics(_tx: ReadTx, _args: Record<string, never>): Transaction<Record<Counter, number>> {
  throw new AssertionFailure('not built yet');
}
