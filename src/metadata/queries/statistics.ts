import { must } from '../../base/must.js';
import { allCounters } from '../rows/cluster.js';
import type { Counter, ReadTx, Transaction } from '../tx.js';

/** What the counters say; nothing is counted here. */
export function* statistics(tx: ReadTx, _args: Record<string, never>): Transaction<Record<Counter, number>> {
  return must(yield* tx.get(allCounters, []), 'the row of the counters');
}
