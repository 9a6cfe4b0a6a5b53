import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { Volume } from '../chunks/volume.js';
import type { VolumeCondition } from '../model/node.js';
import { createWireClient } from '../wire/client.js';
import { MasterLink } from './master-link.js';
import type { DatanodeMetrics } from './metrics.js';
import type { OpenReports } from './open-reports.js';
import { OrderLoop } from './order-loop.js';
import { PeerClients } from './peer-clients.js';
import { runOrder } from './run-order.js';
import type { Traffic } from './traffic.js';
import { within } from './within.js';

/** For the master to hear of a stop. */
const announceMsMax = 2000;

export interface DatanodeClusterOptions {
  masterAddress: string;
  /** Where others reach this node; null: on this machine, at the port it listens on. */
  advertisedAddress: string | null;
  /** Machine and zone of this node, for placement. */
  host: string;
  zone: string;
  secrets: () => Buffer[];
  heartbeatMs: number;
}

/** A datanode's tie to its master: heartbeats, orders, and the peers that copies are pulled from. */
export interface MasterTie {
  link: MasterLink;
  start(): void;
  /** Ends orders under way, then tells the master that this node drains; takes no longer than a moment. */
  announceDraining(): Promise<void>;
  stop(): Promise<void>;
}

interface TieParts {
  volume: Volume;
  reports: OpenReports;
  traffic: Traffic;
  metrics: DatanodeMetrics;
  port: number;
  clock: Clock;
  random: Random;
  log: Log;
}

/** Wires what a datanode has with its master; nothing moves before `start`. */
export function tieToMaster(cluster: DatanodeClusterOptions, parts: TieParts): MasterTie {
  const { volume, reports, traffic, log, clock } = parts;
  const connect = (address: string, expect: { role: 'master' | 'datanode'; id: string | null }) =>
    createWireClient(
      {
        address,
        role: 'datanode',
        id: volume.nodeId,
        boot: volume.boot,
        expect,
        secrets: cluster.secrets,
        onCall(verb, call) {
          if (verb !== 'takeOrders') parts.metrics.calls.count(verb, call); // a long poll: its time says nothing
        },
      },
      parts,
    );
  const client = connect(cluster.masterAddress, { role: 'master', id: null });
  const peers = new PeerClients(({ nodeId, address }) => connect(address, { role: 'datanode', id: nodeId }));

  const condition = (): VolumeCondition => (volume.condition !== 'quarantined' && !traffic.takesWrites ? 'draining' : volume.condition);
  const self = { address: cluster.advertisedAddress ?? `http://127.0.0.1:${parts.port}`, host: cluster.host, zone: cluster.zone };
  const link = new MasterLink({ heartbeatMs: cluster.heartbeatMs, self }, { ...parts, client, condition });
  const orders = new OrderLoop({
    ...parts,
    client,
    link,
    self: { nodeId: volume.nodeId, boot: volume.boot },
    run: (order, signal) =>
      runOrder(
        order,
        {
          volume,
          peer: (source) => peers.get(source),
          reportReplica: (id, nodeId, problem) => link.reportReplica(id, nodeId, problem),
          onDeleted: (id) => reports.forget(id),
          clock,
          log,
        },
        signal,
      ),
  });
  return {
    link,
    start() {
      link.start();
      orders.start();
    },
    async announceDraining() {
      await orders.stop();
      await within(announceMsMax, link.beatNow(), clock).catch((error: unknown) =>
        log.warn({ err: error }, 'the master was not told of the stop'),
      );
    },
    async stop() {
      await link.stop();
      await Promise.all([client.close(), peers.close()]);
    },
  };
}
