import { createAdminServer } from '../base/admin-server.js';
import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { RunningRole } from '../base/running-role.js';
import { TaskLoop } from '../base/task-loop.js';
import type { TlsFiles } from '../base/tls-files.js';
import { ChunkReader } from '../replication/chunk-reader.js';
import { ChunkWriter } from '../replication/chunk-writer.js';
import { Datanodes } from '../replication/datanodes.js';
import { BodyHashers } from '../s3/body-hasher.js';
import { SignatureVerifier } from '../s3/sigv4.js';
import { createWireClient } from '../wire/client.js';
import { Admission, admissionLimits } from './admission.js';
import { BucketCache } from './bucket-cache.js';
import { LateReceipts } from './late-receipts.js';
import { Listener } from './listener.js';
import { MasterClient } from './master-client.js';
import { GatewayMetrics } from './metrics.js';
import { ReplicatedBodies, viewOf } from './replicated-bodies.js';

/** Of the time to stop, what is kept for closing after the last request. */
const closingMs = 1500;
/** Between two looks at the files of the certificate. */
const certificateLookMs = 1000;
const viewBackoff = { firstDelayMs: 100, maxDelayMs: 5000 };

/** Everything a gateway can be told; units end the names. */
export interface GatewayOptions {
  listenHost: string;
  /** S3; 0 takes any free one. */
  port: number;
  /** Metrics and probes; 0 takes any free one. */
  adminPort: number;
  masterAddress: string;
  /** Replicas in this zone are read first; empty: no zone. */
  zone: string;
  region: string;
  /** `bucket.base-domain` is understood as well as a path; null: paths only. */
  baseDomain: string | null;
  /** How long a write waits for the copies after W. */
  lateReceiptMs: number;
  /** How long requests are held while the master is away. */
  masterWaitMs: number;
  /** Between two refreshes of the view. */
  heartbeatMs: number;
  /** From the signal to stop, for so long new connections and requests are still served. */
  drainDelayMs: number;
  /** From the signal to stop to the end; requests under way get the most of it. */
  stopDeadlineMs: number;
  /** Certificate of the S3 port; null: plain HTTP. */
  tls: TlsFiles | null;
  /** The cluster secrets, asked anew for each proof: the first is ours, all are accepted. */
  secrets: () => Buffer[];
  /** The secret of an access key, null when nobody has it. */
  secretOf: (accessKeyId: string) => string | null;
}

export interface GatewayParts {
  clock: Clock;
  random: Random;
  log: Log;
}

export interface RunningGateway extends RunningRole {
  port: number;
  adminPort: number;
}

/** Starts a gateway. It keeps nothing, so each start is a new one to the master: a new id, boot 1. */
export async function startGateway(options: GatewayOptions, parts: GatewayParts): Promise<RunningGateway> {
  const { clock, random, log } = parts;
  const { region, secrets } = options;
  const self = { role: 'gateway', id: random.uuidV4(), boot: 1 };
  const metrics = new GatewayMetrics();

  // 1. The master, and the view that it gives.
  const wire = createWireClient(
    {
      ...self,
      address: options.masterAddress,
      expect: { role: 'master', id: null },
      secrets,
      onStamp: (stamp) => master.noteStamp(stamp),
      onCall: metrics.calls.count,
    },
    parts,
  );
  const master = new MasterClient(wire, { gatewayId: self.id, masterWaitMs: options.masterWaitMs }, parts);
  const refresh = new TaskLoop(
    {
      name: 'refresh the view',
      async work() {
        await master.refreshView();
        return options.heartbeatMs;
      },
    },
    { clock, log, backoff: new Backoff(viewBackoff, random) },
  );

  // 2. The datanodes of the view, and bodies on them.
  const datanodes = new Datanodes(({ address, nodeId }) =>
    createWireClient({ ...self, address, expect: { role: 'datanode', id: nodeId }, secrets, onCall: metrics.calls.count }, parts),
  );
  const view = () => viewOf(master);
  const late = new LateReceipts(master, parts);
  const writer = new ChunkWriter(
    {
      datanodes,
      view,
      lateReceiptMs: options.lateReceiptMs,
      onLateReceipt(receipt) {
        metrics.countLateReplica();
        late.add(receipt);
      },
    },
    parts,
  );
  const reader = new ChunkReader(
    {
      datanodes,
      view,
      zone: options.zone === '' ? null : options.zone,
      onBadReplica(replica) {
        metrics.countBadReplica(replica.problem);
        master
          .ask('reportReplica', replica)
          .catch((error: unknown) => log.warn({ ...replica, err: error }, 'a bad copy could not be reported'));
      },
    },
    parts,
  );

  // 3. The S3 port.
  const admission = new Admission(admissionLimits, clock);
  const hashers = await BodyHashers.create();
  const chunks = new ReplicatedBodies(master, { writer, reader });
  const { tls } = options;
  const listener = new Listener({
    ...parts,
    tls: tls?.context ?? null,
    gatewayId: self.id,
    metrics,
    baseDomain: options.baseDomain?.toLowerCase() ?? null,
    services: { master, buckets: new BucketCache(master), chunks, hashers, admission, region },
    verifier: new SignatureVerifier({ region, secretOf: options.secretOf }),
  });
  metrics.watch({
    requests: () => admission.requests,
    heldBytes: () => admission.bytes,
    heldForMaster: () => master.held,
    connections: () => listener.connections,
    certificateExpiresAtWallMs: tls && (() => tls.expiresAtWallMs),
  });
  let isStopping = false;
  const ready = (): true | string => (isStopping ? 'stopping' : master.view === null ? 'no view from the master yet' : true);
  const admin = await createAdminServer({ host: options.listenHost, port: options.adminPort, metrics: () => metrics.render(), ready });
  refresh.start();
  await listener.listen({ host: options.listenHost, port: options.port });
  log.info({ port: listener.port, adminPort: admin.port, gatewayId: self.id }, 'the gateway listens');

  const certificates = new TaskLoop(
    {
      name: 'look at the certificate',
      work() {
        if (tls?.lookAgain()) listener.renew(tls.context);
        return Promise.resolve(certificateLookMs);
      },
    },
    { clock, log, backoff: new Backoff(viewBackoff, random) },
  );
  if (tls) certificates.start();

  // 4. The way down: not ready, and still serving while others learn of it; then no new requests, the ones under way end, then
  //    what they needed.
  const stop = async (): Promise<void> => {
    isStopping = true;
    listener.drain();
    await clock.sleep(options.drainDelayMs);
    await listener.stop(Math.max(0, options.stopDeadlineMs - options.drainDelayMs - closingMs));
    await certificates.stop();
    master.stop();
    await late.tell();
    await Promise.all([wire.close(), datanodes.close(), hashers.close()]);
    await refresh.stop();
    await admin.close();
  };
  let stopped: Promise<void> | null = null;
  return {
    port: listener.port,
    adminPort: admin.port,
    failed: new Promise(() => undefined),
    stop: () => (stopped ??= stop()),
  };
}
