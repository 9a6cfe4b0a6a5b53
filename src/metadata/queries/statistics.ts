import { allCounters } from '../rows/cluster.js';
import { type Counter, counterNames, type ReadTx, type Transaction } from '../tx.js';

/** What the counters say; nothing is counted here. */
export function* statistics(tx: ReadTx, _args: Record<string, never>): Transaction<Record<Counter, number>> {
  const rows = yield* tx.all(allCounters, [], counterNames.length + 1);
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  return Object.fromEntries(counterNames.map((name) => [name, values.get(name) ?? 0])) as Record<Counter, number>;
}
