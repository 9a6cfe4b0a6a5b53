import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdminServer } from '../base/admin-server.js';
import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { RunningRole } from '../base/running-role.js';
import { TaskLoop, type Task } from '../base/task-loop.js';
import { MetadataStore } from '../metadata/store.js';
import { isAlive } from '../model/node-state.js';
import { ChunkReader } from '../replication/chunk-reader.js';
import { ChunkWriter } from '../replication/chunk-writer.js';
import { Datanodes } from '../replication/datanodes.js';
import { createWireClient } from '../wire/client.js';
import { attachWire } from '../wire/server.js';
import { ClearQuarantine } from './clear-quarantine.js';
import { CopyChecker } from './copy-checker.js';
import { Expiry } from './expiry.js';
import { Garbage } from './garbage.js';
import { Generation } from './generation.js';
import { Liveness } from './liveness.js';
import { LogProofs } from './log-proof.js';
import { MasterEnd } from './master-end.js';
import { MasterMetrics } from './metrics.js';
import { knownNode, NodeRegistry, type KnownNode } from './node-registry.js';
import type { MasterOptions, MasterParts } from './options.js';
import { OrderBook } from './order-book.js';
import { Recheck } from './recheck.js';
import { beginReign, type Reign } from './reign.js';
import { Repair } from './repair.js';
import { createRestApp, messageClasses } from './rest/rest-app.js';
import { masterRoutes } from './rest/routes.js';
import { Suspicions } from './suspicions.js';
import { wireHandlers } from './wire-handlers.js';

const connectionsMax = 4096;
const headersMsMax = 10_000;
/** A REST connection on which nothing moves; wire connections look after themselves. */
const idleMsMax = 30_000;
const checkIntervalMs = 1000;
/** At a stop, for REST answers under way to end. */
const finishMsMax = 5000;
const markEveryMs = 60_000;
/** For a node that said it would stop: a machine is being upgraded, not lost. */
const plannedRepairDelayMs = 30 * 60_000;
const backoffLimits = { firstDelayMs: 200, maxDelayMs: 30_000 };

export interface RunningMaster extends RunningRole {
  port: number;
  adminPort: number;
  clusterId: string;
}

/** Starts a master. Rejects with `StoreRefused` or `StartRefused` when this database must not be used. */
export async function startMaster(options: MasterOptions, parts: MasterParts): Promise<RunningMaster> {
  const { clock, random, log } = parts;
  const quorum = { replicationFactor: options.replicationFactor, writeQuorum: options.writeQuorum };
  const wallMs = (): number => clock.wallMs();
  const end = new MasterEnd();

  // 1. The truth, and a reign of its own before anybody is answered.
  await mkdir(options.dataPath, { recursive: true, mode: 0o700 });
  const onFault = (error: Error): void => end.diskFailed(error);
  const store = await MetadataStore.open({ path: join(options.dataPath, 'metadata.db'), onFault }, parts);
  const reign = await beginReign(store, options, random).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });

  // 2. Who is there.
  const { nodes } = store.read('listNodes', {});
  const { generation: sweepGeneration } = store.read('getSettings', {});
  const registry = new NodeRegistry(
    { clusterId: reign.clusterId, epoch: reign.epoch, ...quorum, sweepGeneration },
    nodes.map((row) => knownNode(row, clock.monotonicMs())),
  );
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
    { store, registry, proofs: new LogProofs(markEveryMs, nodes), clock, log, outbid: (epoch) => end.outbid(epoch, store) },
  );

  // 3. What runs by itself.
  const roundMs = options.heartbeatMs;
  const checker = new CopyChecker({
    store,
    orders,
    wallMs,
    log,
    replicationFactor: options.replicationFactor,
    dropped: () => wake('repair'),
  });
  const repair = new Repair({ ...parts, store, registry, orders, ...quorum, repairYoungMs: options.repairYoungMs, roundMs });
  const tasks: Record<'silence' | 'repair' | 'recheck' | 'clear' | 'garbage' | 'expiry' | 'generation', Task> = {
    silence: {
      name: 'judge silence',
      async work() {
        await liveness.judgeSilence();
        orders.expire();
        return judgeEveryMs;
      },
    },
    repair,
    recheck: new Recheck({ store, registry, checker, liveness, retryMs: roundMs }),
    clear: new ClearQuarantine({ registry, orders, log, retryMs: roundMs }),
    garbage: new Garbage({ store, registry, orders, wallMs, log, deleteGraceMs: options.deleteGraceMs, roundMs }),
    expiry: new Expiry(store, wallMs),
    generation: new Generation({ store, registry, clock, log, generationMs: options.generationMs }),
  };
  const loops = new Map(
    Object.entries(tasks).map(([name, task]) => [name, new TaskLoop(task, { ...parts, backoff: new Backoff(backoffLimits, random) })]),
  );
  const wake = (name: keyof typeof tasks): void => loops.get(name)?.wake();
  for (const node of registry.all()) if (takesOrders(node)) orders.open(node.nodeId);
  registry.onChange((before, after) => {
    if (takesOrders(after)) orders.open(after.nodeId);
    else if (after.state !== 'suspect') orders.drop(after.nodeId);
    if (after.cleared !== before?.cleared) wake('clear');
    if (after.state === before?.state) return;
    wake('repair');
    wake('recheck');
    wake('garbage');
  });
  const suspicions = new Suspicions({ store, registry, checker, log });

  const datanodes = connectDatanodes(reign, options, parts);
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
  const metrics = new MasterMetrics({
    registry,
    orders,
    statistics: () => store.read('statistics', {}),
    census: () => repair.census,
    wireConnections: () => wire.connections(),
  });
  const routes = masterRoutes({ ...parts, store, registry, liveness, orders, writer, reader, metrics, repair, quorum });
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
      handlers: wireHandlers({ ...parts, store, registry, liveness, orders, suspicions, quorum, isFenced: () => end.isFenced }),
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
  for (const loop of loops.values()) loop.start();
  log.info({ clusterId: reign.clusterId, epoch: reign.epoch, port, adminPort: admin.port }, 'master is up');

  const stop = async (): Promise<void> => {
    stopping = true;
    orders.close(); // long polls end, and whoever waits for an order learns that it is lost
    await Promise.all([...loops.values()].map((loop) => loop.stop()));
    await Promise.all([suspicions.stop(), repair.ended()]);
    await wire.close();
    await closeServer(server, clock);
    await datanodes.close();
    await admin.close();
    await store.close();
  };
  let stopped: Promise<void> | null = null;
  return { port, adminPort: admin.port, clusterId: reign.clusterId, failed: end.failed, stop: () => (stopped ??= stop()) };
}

/** The one case in which a master calls datanodes: bytes of REST clients that reach only the master. */
function connectDatanodes({ clusterId, epoch }: Reign, { secrets }: MasterOptions, parts: MasterParts): Datanodes {
  return new Datanodes(({ address, nodeId }) =>
    createWireClient({ address, role: 'master', id: clusterId, boot: epoch, expect: { role: 'datanode', id: nodeId }, secrets }, parts),
  );
}

/** A quarantined node is asked to scrub itself. */
function takesOrders(node: KnownNode): boolean {
  return isAlive(node.state) || node.state === 'quarantined';
}

async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const giveUp = clock.setTimer(finishMsMax, () => server.closeAllConnections());
  await closed;
  giveUp.cancel();
}
