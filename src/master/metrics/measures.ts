import { Counter, Histogram, type Registry } from 'prom-client';
import { CallDurations } from '../../base/call-durations.js';
import { createMetricsRegistry } from '../../base/metrics-registry.js';
import type { CommittedGroup } from '../../metadata/store.js';

/** What a master measures from its first commit on, before there is anything else to show; `MasterMetrics` adds to its registry. */
export class MasterMeasures {
  readonly registry: Registry = createMetricsRegistry('master');
  readonly calls = new CallDurations('aetherstore_master_call_duration_seconds', this.registry, ['getChunk', 'putChunk']);
  readonly #groups = new Histogram({
    name: 'aetherstore_master_metadata_commit_duration_seconds',
    help: 'Groups of transactions, with the sync that makes them durable.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.registry],
  });
  readonly #transactions = new Counter({
    name: 'aetherstore_master_metadata_transactions_total',
    help: 'Transactions in those groups.',
    registers: [this.registry],
  });

  readonly countGroup = ({ transactions, durationMs }: CommittedGroup): void => {
    this.#groups.observe(durationMs / 1000);
    this.#transactions.inc(transactions);
  };
}
