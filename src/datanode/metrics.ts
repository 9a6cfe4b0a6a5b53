import { Counter, Gauge, type Registry } from 'prom-client';
import { CallDurations } from '../base/call-durations.js';
import { createMetricsRegistry } from '../base/metrics-registry.js';
import type { Volume } from '../chunks/volume.js';
import type { OrderOutcome, Order } from '../wire/verbs.js';

const methods = new Set(['GET', 'HEAD', 'PUT']);

/** What a datanode counts, under `aetherstore_datanode_…`; labels have few values each. */
export class DatanodeMetrics {
  readonly #registry: Registry;
  readonly #requests: Counter<'method' | 'status'>;
  readonly #orders: Counter<'kind' | 'outcome'>;
  readonly #heartbeats: Counter<'result'>;
  readonly #damage: Counter;

  readonly calls: CallDurations;

  constructor(volume: Pick<Volume, 'statistics' | 'condition'>) {
    this.#registry = createMetricsRegistry('datanode');
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: () => number): void => {
      const made: Gauge = new Gauge({ name: `aetherstore_datanode_${name}`, help, registers, collect: () => made.set(value()) });
    };
    this.calls = new CallDurations('aetherstore_datanode_call_duration_seconds', this.#registry);
    gauge('capacity_bytes', 'Size of the volume.', () => volume.statistics.capacityBytes);
    gauge('free_bytes', 'Bytes that the volume can still take.', () => volume.statistics.freeBytes);
    gauge('used_bytes', 'Bytes that the files of the volume take.', () => volume.statistics.usedBytes);
    gauge('live_bytes', 'Bytes of chunks that are not deleted.', () => volume.statistics.liveBytes);
    gauge('chunks', 'Chunks on the volume.', () => volume.statistics.chunkCount);
    gauge('fill_ratio', 'Used part of the volume, bytes or inodes, whichever is more.', () => volume.statistics.fillFraction);
    gauge('writable', '1 when the volume takes new chunks.', () => (volume.condition === 'open' ? 1 : 0));
    gauge('quarantined', '1 when the disk failed or the log is damaged.', () => (volume.condition === 'quarantined' ? 1 : 0));
    const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
      new Counter({ name: `aetherstore_datanode_${name}_total`, help, labelNames, registers });
    this.#requests = counter('requests', 'REST requests by method and status; status 0: the connection broke first.', ['method', 'status']);
    this.#orders = counter('orders', 'Orders of the master by kind and outcome.', ['kind', 'outcome']);
    this.#heartbeats = counter('heartbeats', 'Heartbeats by result.', ['result']);
    // From the start, so that the first one is an increase.
    for (const kind of ['copy', 'delete', 'verify', 'clear'] as const) this.#orders.inc({ kind, outcome: 'done' }, 0);
    for (const result of ['answered', 'failed'] as const) this.#heartbeats.inc({ result }, 0);
    this.#damage = counter('damaged_chunks', 'Copies that were found damaged when they were read.', []);
  }

  countRequest(method: string, status: number): void {
    this.#requests.inc({ method: methods.has(method) ? method : 'other', status: String(status) });
  }

  countOrder(kind: Order['kind'], outcome: OrderOutcome): void {
    this.#orders.inc({ kind, outcome });
  }

  countHeartbeat(result: 'answered' | 'failed'): void {
    this.#heartbeats.inc({ result });
  }

  countDamage(): void {
    this.#damage.inc();
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }
}
