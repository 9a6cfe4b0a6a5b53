import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdminServer } from '../base/admin-server.js';
import type { Clock } from '../base/clock.js';
import { lockFile } from '../base/file-lock.js';
import { messageClasses } from '../base/message-classes.js';
import type { RunningRole } from '../base/running-role.js';
import { MetadataStore } from '../metadata/store.js';
import { ChunkReader } from '../replication/chunk-reader.js';
import { ChunkWriter } from '../replication/chunk-writer.js';
import { Datanodes } from '../replication/datanodes.js';
import { createWireClient, type WireClientOptions } from '../wire/client.js';
import { attachWire } from '../wire/server.js';
import { createBackground } from './background.js';
import { ClusterSights } from './cluster-sights.js';
import { ForgetNode } from './forget-node.js';
import { Liveness } from './liveness.js';
import { LogProofs } from './log-proof.js';
import { MasterEnd } from './master-end.js';
import { MasterMeasures } from './metrics/measures.js';
import { MasterMetrics } from './metrics/metrics.js';
import { knownNode, NodeRegistry } from './node-registry.js';
import type { MasterOptions, MasterParts } from './options.js';
import { OrderBook } from './order-book.js';
import { beginReign, type Reign } from './reign.js';
import { createRestApp } from './rest/rest-app.js';
import { masterRoutes } from './rest/routes.js';
import { wireHandlers } from './wire-handlers.js';

const connectionsMax = 4096;
const headersMsMax = 10_000;
/** A REST connection on which nothing moves; wire connections look after themselves. */
const idleMsMax = 30_000;
const checkIntervalMs = 1000;
/** At a stop, for REST answers under way to end. */
const finishMsMax = 5000;
const markEveryMs = 60_000;
/** A controller that has missed so many of its reports is blind or gone: what it said is no signal any more. */
const reportsMissedMax = 3;
/** For a node that said it would stop: a machine is being upgraded, not lost. */
const plannedRepairDelayMs = 30 * 60_000;

export interface RunningMaster extends RunningRole {
  port: number;
  adminPort: number;
  clusterId: string;
}

/** Starts a master. Rejects with `StoreRefused` or `StartRefused` when this database must not be used. */
export async function startMaster(options: MasterOptions, parts: MasterParts): Promise<RunningMaster> {
  await mkdir(options.dataPath, { recursive: true, mode: 0o700 });
  const lock = lockFile(join(options.dataPath, 'LOCK'), 'the other master on this folder'); // two reigns on one database would end both
  try {
    const master = await startLocked(options, parts);
    let stopped: Promise<void> | null = null;
    return { ...master, stop: () => (stopped ??= master.stop().finally(() => lock.release())) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocked(options: MasterOptions, parts: MasterParts): Promise<RunningMaster> {
  const { clock, random, log } = parts;
  const quorum = { replicationFactor: options.replicationFactor, writeQuorum: options.writeQuorum };
  const end = new MasterEnd();
  const measures = new MasterMeasures();

  // 1. The truth, and a reign of its own before anybody is answered.
  const onFault = (error: Error): void => end.diskFailed(error);
  const store = await MetadataStore.open({ path: join(options.dataPath, 'metadata.db'), onFault, onGroup: measures.countGroup }, parts);
  const reign = await beginReign(store, options, random).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });

  // 2. Who is there.
  const { nodes } = store.read('listNodes', {});
  const { generation: sweepGeneration, electionEpoch } = store.read('getSettings', {});
  const registry = new NodeRegistry(
    { clusterId: reign.clusterId, epoch: reign.epoch, ...quorum, sweepGeneration },
    nodes.map((row) => knownNode(row, clock.monotonicMs())),
  );
  const sights = new ClusterSights({ store, clock, electionEpoch, ageMsMax: reportsMissedMax * options.clusterReportMs });
  const orders = new OrderBook(reign.epoch, clock);
  const judgeEveryMs = Math.min(1000, options.suspectAfterMs / 4);
  const liveness = new Liveness(
    {
      ...options,
      clusterId: reign.clusterId,
      reign: { epoch: reign.epoch, id: reign.id },
      plannedRepairDelayMs,
      judgeEveryMs,
      markEveryMs,
    },
    { store, registry, proofs: new LogProofs(markEveryMs, nodes), sights, clock, log, outbid: (epoch) => end.outbid(epoch, store) },
  );

  // 3. What runs by itself.
  const background = createBackground(options, { ...parts, store, registry, orders, liveness, judgeEveryMs });
  const { repair, checker, suspicions } = background;

  const datanodes = connectDatanodes(reign, { secrets: options.secrets, onCall: measures.calls.count }, parts);
  const writer = new ChunkWriter(
    {
      datanodes,
      view: () => registry.view(),
      lateReceiptMs: options.lateReceiptMs,
      onLateReceipt({ nodeId, ...facts }) {
        const chunks = [{ ...facts, nodeIds: [nodeId] }];
        store.write('addReplicas', { chunks, replicationFactor: quorum.replicationFactor }).catch((error: unknown) => {
          log.warn({ id: facts.id, nodeId, err: error }, 'a late copy was not noted, repair will make another');
        });
      },
    },
    parts,
  );

  const reader = new ChunkReader(
    { datanodes, view: () => registry.view(), zone: null, onBadReplica: (replica) => suspicions.raise(replica) },
    parts,
  );

  // 4. The doors: one server for REST and wire.
  const metrics = new MasterMetrics(measures, {
    registry,
    orders,
    clock,
    statistics: () => store.read('statistics', {}),
    metadata: store,
    repair,
    wireConnections: () => wire.connections(),
  });
  const forgetting = new ForgetNode({ store, registry, liveness, replicationFactor: quorum.replicationFactor });
  const routes = masterRoutes({
    ...parts,
    store,
    registry,
    liveness,
    forgetting,
    sights,
    writer,
    reader,
    metrics,
    repair,
    checker,
    quorum,
  });
  const app = createRestApp(
    { routes, tokens: options.restTokens, countRequest: (method, status) => metrics.countRequest(method, status) },
    parts,
  );
  const server = createServer(
    { ...messageClasses(app), headersTimeout: headersMsMax, requestTimeout: 0, connectionsCheckingInterval: checkIntervalMs },
    app,
  );
  server.on('checkContinue', app);
  server.maxConnections = connectionsMax;
  server.timeout = idleMsMax;
  const wire = attachWire(
    server,
    {
      role: 'master',
      id: reign.clusterId,
      boot: reign.epoch,
      secrets: options.secrets,
      stamp: () => registry.view().number,
      handlers: wireHandlers({
        ...parts,
        store,
        registry,
        liveness,
        orders,
        suspicions,
        sights,
        quorum,
        census: () => repair.census,
        isFenced: () => end.isFenced,
      }),
    },
    parts,
  );
  let stopping = false;
  server.listen(options.port, options.listenHost);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const admin = await createAdminServer({
    host: options.listenHost,
    port: options.adminPort,
    metrics: () => metrics.render(),
    ready: () => (stopping ? 'stopping' : end.isFenced ? 'fenced' : true),
  });
  background.start();
  log.info({ clusterId: reign.clusterId, epoch: reign.epoch, port, adminPort: admin.port }, 'master is up');

  const stop = async (): Promise<void> => {
    stopping = true;
    await background.stop();
    await wire.close();
    await closeServer(server, clock);
    await datanodes.close();
    await admin.close();
    await store.close();
  };
  return { port, adminPort: admin.port, clusterId: reign.clusterId, failed: end.failed, stop };
}

type DatanodeCalls = Required<Pick<WireClientOptions, 'secrets' | 'onCall'>>;

/** The one case in which a master calls datanodes: bytes of REST clients that reach only the master. */
function connectDatanodes({ clusterId, epoch }: Reign, { secrets, onCall }: DatanodeCalls, parts: MasterParts): Datanodes {
  return new Datanodes(({ address, nodeId }) =>
    createWireClient(
      { address, role: 'master', id: clusterId, boot: epoch, expect: { role: 'datanode', id: nodeId }, secrets, onCall },
      parts,
    ),
  );
}

async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const giveUp = clock.setTimer(finishMsMax, () => server.closeAllConnections());
  await closed;
  giveUp.cancel();
}
