import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.js';
import { silentLog, type Log } from '../base/log.js';
import { must } from '../base/must.js';
import { systemRandom } from '../base/random.js';
import { volumeDefaults } from '../chunks/volume-limits.js';
import { startDatanode, type RunningDatanode } from '../datanode/datanode.js';
import { startGateway, type GatewayOptions, type RunningGateway } from '../gateway/gateway.js';
import { startMaster, type RunningMaster } from '../master/master.js';
import type { MasterOptions } from '../master/options.js';
import { S3TestClient } from './s3-test-client.js';

const MiB = 1024 * 1024;
const secret = Buffer.from('a secret of the clusters in tests');
const heartbeatMs = 200;
const readyMsMax = 20_000;

export interface ClusterOptions {
  datanodes: number;
  gateways: number;
  master: Partial<MasterOptions>;
  gateway: Partial<GatewayOptions>;
  log: Log;
}

/** A whole store in this process: real roles, real sockets, real disks, shortened delays. */
export class Cluster {
  readonly credentials = { accessKeyId: 'AKIDCLUSTER', secretAccessKey: 'the-secret-key-of-clusters-in-tests' };
  readonly region = 'us-east-1';
  readonly datanodes: RunningDatanode[] = [];
  readonly gateways: RunningGateway[] = [];
  readonly #options: ClusterOptions;
  readonly #folder: string;
  #master: RunningMaster | null = null;
  /** Kept across a restart of the master: the others know its address. */
  #masterPort = 0;

  private constructor(options: ClusterOptions, folder: string) {
    this.#options = options;
    this.#folder = folder;
  }

  /** Resolves when writes are taken. */
  static async start(given: Partial<ClusterOptions> = {}): Promise<Cluster> {
    const options: ClusterOptions = { datanodes: 3, gateways: 1, master: {}, gateway: {}, log: silentLog, ...given };
    const cluster = new Cluster(options, await mkdtemp(join(tmpdir(), 'cluster-')));
    await cluster.startMaster();
    for (let i = 0; i < options.datanodes; i += 1) await cluster.startDatanode(i);
    for (let i = 0; i < options.gateways; i += 1) cluster.gateways.push(await cluster.#startGateway());
    await cluster.#untilWritable();
    return cluster;
  }

  get master(): RunningMaster {
    return must(this.#master, 'master');
  }

  endpoint(gateway = 0): string {
    return `http://127.0.0.1:${must(this.gateways[gateway], 'gateway').port}`;
  }

  client(gateway = 0): S3TestClient {
    return new S3TestClient({ endpoint: this.endpoint(gateway), credentials: this.credentials, timeoutMs: 60_000 });
  }

  async startMaster(): Promise<void> {
    this.#master = await startMaster(
      {
        listenHost: '127.0.0.1',
        port: this.#masterPort,
        adminPort: 0,
        dataPath: join(this.#folder, 'master'),
        clusterId: null,
        secrets: () => [secret],
        restTokens: null,
        takeOver: false,
        replicationFactor: 3,
        writeQuorum: 2,
        heartbeatMs,
        suspectAfterMs: 1500,
        downAfterMs: 3000,
        repairDelayMs: 1000,
        repairYoungMs: 1000,
        startGraceMs: 500,
        deleteGraceMs: 1000,
        lateReceiptMs: 200,
        generationMs: 3_600_000,
        clusterReportMs: 5000,
        ...this.#options.master,
      },
      this.#parts,
    );
    this.#masterPort = this.#master.port;
  }

  async stopMaster(): Promise<void> {
    await this.#master?.stop();
    this.#master = null;
  }

  /** Each node counts as a host of its own. Also starts one again on its old volume. */
  async startDatanode(index: number): Promise<void> {
    this.datanodes[index] = await startDatanode(
      {
        listenHost: '127.0.0.1',
        port: 0,
        adminPort: 0,
        dataPath: join(this.#folder, `datanode-${index}`),
        volumeLimits: {
          ...volumeDefaults,
          segmentSizeBytes: 8 * MiB,
          readOnlyFillFraction: 0.999,
          warnFillFraction: 0.99,
          backFillFraction: 0.99,
        },
        restTokens: null,
        cluster: {
          masterAddress: this.#masterAddress,
          advertisedAddress: null,
          host: `host-${index}`,
          zone: '',
          secrets: () => [secret],
          heartbeatMs,
        },
      },
      this.#parts,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    await Promise.all(this.datanodes.map((datanode) => datanode.stop()));
    await this.stopMaster();
    await rm(this.#folder, { recursive: true });
  }

  get #parts() {
    return { clock: systemClock, random: systemRandom, log: this.#options.log };
  }

  get #masterAddress(): string {
    return `http://127.0.0.1:${this.#masterPort}`;
  }

  #startGateway(): Promise<RunningGateway> {
    const { credentials, region } = this;
    return startGateway(
      {
        listenHost: '127.0.0.1',
        port: 0,
        tls: null,
        drainDelayMs: 0,
        adminPort: 0,
        masterAddress: this.#masterAddress,
        zone: '',
        region,
        baseDomain: 's3.test',
        lateReceiptMs: 200,
        masterWaitMs: 10_000,
        heartbeatMs,
        stopDeadlineMs: 5000,
        secrets: () => [secret],
        secretOf: (id) => (id === credentials.accessKeyId ? credentials.secretAccessKey : null),
        ...this.#options.gateway,
      },
      this.#parts,
    );
  }

  async #untilWritable(): Promise<void> {
    const client = this.client();
    const endMs = systemClock.monotonicMs() + readyMsMax;
    await client.request({ method: 'PUT', path: '/ready' });
    for (;;) {
      const { status, body } = await client.request({ method: 'PUT', path: '/ready/probe', body: Buffer.from('x') });
      if (status === 200) break;
      if (systemClock.monotonicMs() > endMs) throw new Error(`the cluster takes no writes: ${status} ${body.toString()}`);
      await systemClock.sleep(50);
    }
    await client.request({ method: 'DELETE', path: '/ready/probe' });
    await client.request({ method: 'DELETE', path: '/ready' });
  }
}
