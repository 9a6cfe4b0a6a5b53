import { Counter, Gauge, type Registry } from 'prom-client';
import { createMetricsRegistry } from '../base/metrics-registry.js';
import type { QueryResult } from '../metadata/queries.js';
import { nodeStates } from '../model/node.js';
import type { NodeRegistry } from './node-registry.js';
import type { OrderBook } from './order-book.js';
import type { Census } from './repair.js';

const methods = new Set(['GET', 'HEAD', 'POST', 'DELETE']);

export interface MetricSources {
  registry: NodeRegistry;
  orders: OrderBook;
  statistics: () => QueryResult<'statistics'>;
  census: () => Census | null;
  wireConnections: () => number;
}

/** What the master shows under `aetherstore_master_…`; labels have few values each. */
export class MasterMetrics {
  readonly #registry: Registry;
  readonly #requests: Counter<'method' | 'status'>;
  #uploads = 0;

  constructor(sources: MetricSources) {
    this.#registry = createMetricsRegistry('master');
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: () => number): void => {
      const made: Gauge = new Gauge({ name: `aetherstore_master_${name}`, help, registers, collect: () => made.set(value()) });
    };
    const counted = (name: string, help: string, of: keyof QueryResult<'statistics'>): void =>
      gauge(name, help, () => sources.statistics()[of]);
    gauge('reign_epoch', 'Epoch of the reign of this master.', () => sources.registry.view().number.epoch);
    gauge('view_number', 'Changes of the view in this reign.', () => sources.registry.view().number.n);
    gauge('sweep_generation', 'The sweep generation.', () => sources.registry.view().sweepGeneration);
    gauge('writable_nodes', 'Nodes that take new chunks.', () => sources.registry.view().nodes.filter((node) => node.writable).length);
    gauge('wire_connections', 'Proven connections of other processes.', sources.wireConnections);
    counted('buckets', 'Buckets.', 'buckets');
    counted('objects', 'Objects in buckets.', 'objects');
    counted('object_bytes', 'Bytes of objects in buckets.', 'objectBytes');
    counted('uploads', 'Multipart uploads in progress.', 'uploads');
    counted('rest_objects', 'Objects made through REST.', 'restObjects');
    counted('chunks', 'Chunks that are named by something.', 'chunks');
    counted('chunk_bytes', 'Bytes of those chunks, each counted once.', 'chunkBytes');
    counted('under_replicated_chunks', 'Chunks with fewer recorded copies than RF.', 'under');
    counted('garbage_backlog', 'Released bodies that are not worked off.', 'garbage');
    counted('doomed_copies', 'Copies that nodes have yet to delete.', 'doomed');
    gauge('short_chunks', 'Chunks with fewer counted copies than RF in the last scan.', () => sources.census()?.short ?? 0);
    gauge('at_risk_chunks', 'Chunks with one counted copy in the last scan.', () => sources.census()?.atRisk ?? 0);
    gauge('missing_chunks', 'Chunks without a counted copy in the last scan.', () => sources.census()?.none ?? 0);

    gauge('rest_uploads', 'Objects that REST clients are sending to the master now.', () => this.#uploads);

    const nodes: Gauge<'state'> = new Gauge({
      name: 'aetherstore_master_nodes',
      help: 'Nodes by state.',
      labelNames: ['state'],
      registers,
      collect() {
        const all = sources.registry.all();
        for (const state of nodeStates) nodes.set({ state }, all.filter((node) => node.state === state).length);
      },
    });
    const orders: Gauge<'kind'> = new Gauge({
      name: 'aetherstore_master_orders',
      help: 'Orders that wait or are being carried out.',
      labelNames: ['kind'],
      registers,
      collect() {
        for (const kind of ['copy', 'delete', 'verify', 'clear'] as const) orders.set({ kind }, sources.orders.count(kind));
      },
    });
    this.#requests = new Counter({
      name: 'aetherstore_master_requests_total',
      help: 'REST requests by method and status; status 0: the connection broke first.',
      labelNames: ['method', 'status'],
      registers,
    });
  }

  countRequest(method: string, status: number): void {
    this.#requests.inc({ method: methods.has(method) ? method : 'other', status: String(status) });
  }

  /** An object begins to come in; the answer is called when it has ended. */
  enterUpload(): () => void {
    this.#uploads += 1;
    return () => {
      this.#uploads -= 1;
    };
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }
}
