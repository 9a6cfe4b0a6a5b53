import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdminServer } from '../base/admin-server.js';
import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { messageClasses } from '../base/message-classes.js';
import type { Random } from '../base/random.js';
import type { RunningRole } from '../base/running-role.js';
import { TaskLoop } from '../base/task-loop.js';
import type { VolumeLimits } from '../chunks/volume-limits.js';
import { attachWire } from '../wire/server.js';
import { DiskFault } from './disk-fault.js';
import { tieToMaster, type DatanodeClusterOptions } from './master-tie.js';
import { DatanodeMetrics } from './metrics.js';
import type { ObjectService } from './object-service.js';
import { OpenReports } from './open-reports.js';
import { openOrFormatVolume } from './open-or-format-volume.js';
import { createRestApp, serveRest } from './rest-app.js';
import { Traffic } from './traffic.js';
import { createWireHandlers } from './wire-handlers.js';
import { within } from './within.js';

const connectionsMax = 4096;
const headersMsMax = 10_000;
/** A REST connection on which nothing moves; wire connections look after themselves. */
const idleMsMax = 30_000;
const checkIntervalMs = 1000;
/** At a stop, for what is under way to end. */
const finishMsMax = 15_000;
/** Between two looks for a segment that is worth rewriting. */
const compactionIdleMs = 5000;

export interface DatanodeOptions {
  listenHost: string;
  /** REST and wire; 0 takes any free one. */
  port: number;
  /** Metrics and probes; 0 takes any free one. */
  adminPort: number;
  /** Folder of the volume. */
  dataPath: string;
  volumeLimits: VolumeLimits;
  /** Accepted bearer tokens of the REST API, or null: no authentication. */
  restTokens: (() => readonly string[]) | null;
  /** Null: this node works alone. */
  cluster: DatanodeClusterOptions | null;
}

export interface DatanodeParts {
  clock: Clock;
  random: Random;
  log: Log;
}

export interface RunningDatanode extends RunningRole {
  nodeId: string;
  port: number;
  adminPort: number;
}

/** Starts a datanode. Rejects with `VolumeRefused` when its volume must not be used. */
export async function startDatanode(options: DatanodeOptions, parts: DatanodeParts): Promise<RunningDatanode> {
  const { log } = parts;

  // 1. The volume, and what happens when its disk fails.
  const fault = new DiskFault(log);
  const onFault = (reason: Error): void => fault.happened(reason);
  const volume = await openOrFormatVolume({ path: options.dataPath, limits: options.volumeLimits, onFault }, parts);
  const reports = await OpenReports.load({ path: options.dataPath, has: (id) => volume.facts(id) !== null, onFault });
  const metrics = new DatanodeMetrics(volume);
  const traffic = new Traffic();

  // 2. One server for REST and wire. From `listening` on nothing is awaited until the handlers stand.
  const app = createRestApp();
  const classes = messageClasses(app);
  const server = createServer({
    ...classes,
    headersTimeout: headersMsMax,
    requestTimeout: 0,
    connectionsCheckingInterval: checkIntervalMs,
  });
  server.maxConnections = connectionsMax;
  server.timeout = idleMsMax;
  server.listen(options.port, options.listenHost);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  // 3. The tie to the master.
  const tie = options.cluster && tieToMaster(options.cluster, { ...parts, volume, reports, traffic, metrics, port });
  if (tie) fault.tellFirst((reason) => tie.link.reportDiskFault(reason));

  // 4. The doors.
  const service: ObjectService = {
    volume,
    traffic,
    master: tie && { reports, generation: () => tie.link.generation(), reportChunk: (chunk) => tie.link.reportChunk(chunk) },
    onDamage(id) {
      metrics.countDamage();
      log.error({ id }, 'a copy on this volume is damaged');
      tie?.link.reportReplica(id, volume.nodeId, 'damaged');
    },
  };
  serveRest(app, { service, tokens: options.restTokens, metrics }, parts);
  server.on('request', app).on('checkContinue', app);
  const wire =
    options.cluster &&
    attachWire(
      server,
      {
        role: 'datanode',
        id: volume.nodeId,
        boot: volume.boot,
        secrets: options.cluster.secrets,
        handlers: createWireHandlers({ volume, traffic }),
      },
      parts,
    );
  const admin = await createAdminServer({
    host: options.listenHost,
    port: options.adminPort,
    metrics: () => metrics.render(),
    ready: () => (!traffic.takesWrites ? 'draining' : !tie || tie.link.isAccepted || 'the master has not accepted it yet'),
  });

  // 5. What runs by itself.
  const compaction = new TaskLoop(
    { name: 'compaction', work: async () => ((await volume.compactOnce()) ? 0 : compactionIdleMs) },
    { ...parts, backoff: new Backoff({ firstDelayMs: 1000, maxDelayMs: 60_000 }, parts.random) },
  );
  compaction.start();
  tie?.start();
  log.info({ nodeId: volume.nodeId, boot: volume.boot, port, adminPort: admin.port, condition: volume.condition }, 'datanode is up');

  const stop = async (): Promise<void> => {
    traffic.closeToWrites(); // unready from here on
    await tie?.announceDraining();
    await within(finishMsMax, traffic.empty(), parts.clock);
    await wire?.close();
    await closeServer(server);
    await compaction.stop();
    await tie?.stop();
    await admin.close();
    await volume.close();
  };
  let stopped: Promise<void> | null = null;
  return {
    nodeId: volume.nodeId,
    port,
    adminPort: admin.port,
    failed: fault.failed,
    stop: () => (stopped ??= stop()),
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
