import { Histogram, type Registry } from 'prom-client';

/** Calls to other processes of the store, by verb: how long, and whether they failed. */
export class CallDurations {
  readonly #histogram: Histogram<'verb' | 'outcome'>;

  /** `verbs` are shown before the first call. */
  constructor(name: string, registry: Registry, verbs: readonly string[] = []) {
    this.#histogram = new Histogram({
      name,
      help: 'Calls to other processes, from the question to the last byte of the answer.',
      labelNames: ['verb', 'outcome'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
      registers: [registry],
    });
    for (const verb of verbs) this.#histogram.zero({ verb, outcome: 'answered' });
  }

  readonly count = (verb: string, { durationMs, failed }: { durationMs: number; failed: boolean }): void => {
    this.#histogram.observe({ verb, outcome: failed ? 'failed' : 'answered' }, durationMs / 1000);
  };
}
