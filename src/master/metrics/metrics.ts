import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../base/clock.js';
import type { QueryResult } from '../../metadata/queries.js';
import type { MetadataStore } from '../../metadata/store.js';
import { nodeStates } from '../../model/node.js';
import type { MasterMeasures } from './measures.js';
import { addNodeMetrics } from './node-metrics.js';
import type { NodeRegistry } from '../node-registry.js';
import type { OrderBook } from '../order-book.js';
import type { Repair } from '../repair.js';

const methods = new Set(['GET', 'HEAD', 'POST', 'DELETE']);

export interface MetricSources {
  registry: NodeRegistry;
  orders: OrderBook;
  statistics: () => QueryResult<'statistics'>;
  metadata: Pick<MetadataStore, 'sizes' | 'hasRoom'>;
  repair: Pick<Repair, 'census' | 'copiesUnderWay' | 'totals'>;
  clock: Clock;
  wireConnections: () => number;
}

/** What the master shows under `aetherstore_master_…`; labels have few values each. */
export class MasterMetrics {
  readonly #registry: Registry;
  readonly #requests: Counter<'method' | 'status'>;
  #uploads = 0;

  constructor({ registry }: Pick<MasterMeasures, 'registry'>, sources: MetricSources) {
    const { repair } = sources;
    this.#registry = registry;
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
    gauge('short_chunks', 'Chunks with fewer counted copies than RF in the last scan.', () => repair.census?.short ?? 0);
    gauge('at_risk_chunks', 'Chunks with one counted copy in the last scan.', () => repair.census?.atRisk ?? 0);
    gauge('missing_chunks', 'Chunks without a counted copy in the last scan.', () => repair.census?.none ?? 0);

    gauge('last_scan_timestamp_seconds', 'When the last whole scan of the chunks began; 0 before the first has ended.', () =>
      Math.round((repair.census?.takenAtWallMs ?? 0) / 1000),
    );
    gauge('repair_copies_in_progress', 'Copies that are being made anew.', () => repair.copiesUnderWay);
    const total = (name: string, help: string, value: () => number): void => {
      const made: Counter = new Counter({
        name: `aetherstore_master_${name}_total`,
        help,
        registers,
        collect() {
          made.reset();
          made.inc(value());
        },
      });
    };
    total('repair_copies', 'Copies made anew.', () => repair.totals.copies);
    total('repair_copied_bytes', 'Bytes of the copies made anew.', () => repair.totals.bytes);
    total('repair_failures', 'Copies that were ordered and not made.', () => repair.totals.failed);
    const writable = (of: 'zone' | 'host'): number =>
      new Set(sources.registry.view().nodes.flatMap((node) => (node.writable ? [node[of]] : []))).size;
    gauge('zones', 'Zones with a node that takes chunks.', () => writable('zone'));
    gauge('hosts', 'Hosts with a node that takes chunks.', () => writable('host'));
    gauge('replication_factor', 'Copies of each chunk that are wanted.', () => sources.registry.view().replicationFactor);
    gauge('metadata_bytes', 'Size of the metadata file.', () => sources.metadata.sizes.databaseBytes);
    gauge('metadata_log_bytes', 'Size of the write-ahead log of the metadata.', () => sources.metadata.sizes.logBytes);
    gauge('metadata_volume_capacity_bytes', 'Size of the volume that holds the metadata.', () => sources.metadata.sizes.volumeBytes);
    gauge('metadata_volume_free_bytes', 'Bytes that it can still take.', () => sources.metadata.sizes.volumeFreeBytes);
    gauge('metadata_has_room', '1 while writes go on; 0 when that volume, in bytes or inodes, is so full that they are refused.', () =>
      Number(sources.metadata.hasRoom),
    );
    addNodeMetrics(registry, sources.registry, sources.clock);

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
