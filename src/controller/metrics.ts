import { Counter, Gauge } from 'prom-client';
import { createMetricsRegistry } from '../base/metrics-registry.js';
import type { CacheStatus } from './cluster-caches.js';

/** Numbers that are read when somebody asks. */
export interface ControllerGauges {
  isLeader: () => boolean;
  epoch: () => number;
  isBlind: () => boolean;
  isPaused: () => boolean;
  isSecretLost: () => boolean;
  caches: () => readonly CacheStatus[];
  /** Since the last report that the master took, or else since the start of this process. */
  reportAgeMs: () => number;
}

/** What a controller counts, under `aetherstore_controller_…`. */
export class ControllerMetrics {
  readonly #registry = createMetricsRegistry('controller');
  readonly #reconciles: Counter<'step' | 'result'>;
  readonly #decisions: Counter<'reason'>;
  readonly #events: Counter<'outcome'>;

  constructor() {
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
      new Counter({ name: `aetherstore_controller_${name}_total`, help, labelNames, registers: [this.#registry] });
    this.#reconciles = counter('reconciles', 'Passes of each step, by how they ended.', ['step', 'result']);
    this.#decisions = counter('decisions', 'Decisions, each with a log line and an Event, by reason.', ['reason']);
    this.#events = counter('events', 'Events of Kubernetes, by what became of them.', ['outcome']);
  }

  watch(gauges: ControllerGauges): void {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: () => number): void => {
      const made: Gauge = new Gauge({ name: `aetherstore_controller_${name}`, help, registers, collect: () => made.set(value()) });
    };
    gauge('is_leader', '1 in the controller that acts, 0 in one that waits.', () => Number(gauges.isLeader()));
    gauge('election_epoch', 'Of the own term; 0 without one.', gauges.epoch);
    gauge('is_blind', '1 while what is known of Kubernetes is too old to act on.', () => Number(gauges.isBlind()));
    gauge('is_paused', '1 while the annotation aetherstore.io/reconcile=disabled is set.', () => Number(gauges.isPaused()));
    gauge('is_secret_lost', '1 while the Secret that the data opens with is gone.', () => Number(gauges.isSecretLost()));
    gauge(
      'report_age_seconds',
      'Since the master last took a report of this process, or else since its start.',
      () => gauges.reportAgeMs() / 1000,
    );
    const byResource = (name: string, help: string, value: (status: CacheStatus) => number): void => {
      const made: Gauge<'resource'> = new Gauge({
        name: `aetherstore_controller_${name}`,
        help,
        labelNames: ['resource'],
        registers,
        collect() {
          for (const status of gauges.caches()) made.set({ resource: status.resource }, finite(value(status)));
        },
      });
    };
    byResource(
      'watch_age_seconds',
      'Since the API server last said anything of a resource; NaN before the first list.',
      ({ freshMs }) => freshMs / 1000,
    );
    byResource('cached_objects', 'Objects known of a resource.', ({ objects }) => objects);
    const countedByResource = (name: string, help: string, value: (status: CacheStatus) => number): void => {
      const made: Counter<'resource'> = new Counter({
        name: `aetherstore_controller_${name}_total`,
        help,
        labelNames: ['resource'],
        registers,
        collect() {
          made.reset();
          for (const status of gauges.caches()) made.inc({ resource: status.resource }, value(status));
        },
      });
    };
    countedByResource(
      'lists',
      'Whole lists fetched: one at the start, then every ten minutes, and after each failure.',
      ({ lists }) => lists,
    );
    countedByResource('watch_streams', 'Watch streams opened.', ({ streams }) => streams);
    countedByResource('watch_failures', 'Lists and watches that failed, each followed by another list.', ({ failures }) => failures);
  }

  countReconcile(step: string, result: 'done' | 'failed' | 'blind' | 'paused' | 'refused'): void {
    this.#reconciles.inc({ step, result });
  }

  countDecision(reason: string): void {
    this.#decisions.inc({ reason });
  }

  countEvent(outcome: 'written' | 'counted' | 'dropped' | 'failed'): void {
    this.#events.inc({ outcome });
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}
