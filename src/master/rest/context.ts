import type { Clock } from '../../base/clock.js';
import type { Log } from '../../base/log.js';
import type { Random } from '../../base/random.js';
import type { MetadataStore } from '../../metadata/store.js';
import type { ClusterSights } from '../cluster-sights.js';
import type { ForgetNode } from '../forget-node.js';
import type { Liveness } from '../liveness.js';
import type { CopyChecker } from '../copy-checker.js';
import type { MasterMetrics } from '../metrics/metrics.js';
import type { NodeRegistry } from '../node-registry.js';
import type { ChunkReader } from '../../replication/chunk-reader.js';
import type { ChunkWriter } from '../../replication/chunk-writer.js';
import type { Repair } from '../repair.js';

/** What the routes work with. */
export interface RestContext {
  store: MetadataStore;
  registry: NodeRegistry;
  liveness: Liveness;
  forgetting: ForgetNode;
  sights: Pick<ClusterSights, 'of'>;
  writer: ChunkWriter;
  reader: ChunkReader;
  metrics: Pick<MasterMetrics, 'enterUpload'>;
  repair: Pick<Repair, 'census' | 'copiesUnderWay'>;
  checker: Pick<CopyChecker, 'onlyDamaged'>;
  clock: Clock;
  random: Random;
  log: Log;
  quorum: { replicationFactor: number; writeQuorum: number };
}
