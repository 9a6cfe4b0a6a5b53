import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { startMaster, type RunningMaster } from '../master/master.js';
import type { MasterOptions } from '../master/options.js';
import type { NodeSight } from '../model/node-sight.js';
import type { WireClient } from '../wire/api.js';
import { createWireClient } from '../wire/client.js';
import type { RequestOf, ResponseOf, VerbTo } from '../wire/verbs.js';
import { ManagedDatanode, type ManagedDatanodeOptions } from './managed-datanode.js';

/** What everybody in these tests proves. */
export const secretUnderTest = 'a-secret-of-the-tests,-long-enough';
const secret = Buffer.from(secretUnderTest);
/** All delays of the product, so much shorter that a test sees them pass. */
const heartbeatMs = 100;
const clusterReportMs = 5000;
const stateChangeMsMax = 45_000;

/** A real master in this process on a real disk, with fake datanodes and a gateway's connection, all closed together. */
export class MasterUnderTest {
  readonly nodes: ManagedDatanode[] = [];
  readonly gatewayId = systemRandom.uuidV4();
  master!: RunningMaster;
  #folder = '';
  #changes: Partial<MasterOptions> = {};
  #gateway: WireClient | null = null;
  #controller: WireClient | null = null;
  #counter = 0;

  static async start(changes: Partial<MasterOptions> = {}): Promise<MasterUnderTest> {
    const tested = new MasterUnderTest();
    tested.#folder = await mkdtemp(join(tmpdir(), 'master-'));
    tested.#changes = changes;
    await tested.startMaster();
    return tested;
  }

  /** Also for another master on the same database, after the first has ended. */
  async startMaster(changes: Partial<MasterOptions> = {}): Promise<void> {
    this.#changes = { ...this.#changes, ...changes };
    this.master = await startMaster(
      {
        listenHost: '127.0.0.1',
        port: 0,
        adminPort: 0,
        dataPath: join(this.#folder, 'data'),
        clusterId: null,
        secrets: () => [secret],
        restTokens: null,
        takeOver: false,
        replicationFactor: 3,
        writeQuorum: 2,
        heartbeatMs,
        suspectAfterMs: 600,
        downAfterMs: 1200,
        repairDelayMs: 300,
        repairYoungMs: 0,
        startGraceMs: 0,
        deleteGraceMs: 0,
        lateReceiptMs: 50,
        generationMs: 3_600_000,
        clusterReportMs,
        ...this.#changes,
      },
      { clock: systemClock, random: systemRandom, log: silentLog },
    );
    await this.#gateway?.close();
    await this.#controller?.close();
    this.#gateway = this.#connect('gateway', this.gatewayId);
    this.#controller = this.#connect('controller', 'controller-0');
    for (const node of this.nodes) node.masterAddress = this.address;
  }

  #connect(role: string, id: string): WireClient {
    return createWireClient(
      { address: this.address, role, id, boot: 1, expect: { role: 'master', id: null }, secrets: () => [secret] },
      { clock: systemClock, random: systemRandom, log: silentLog },
    );
  }

  get address(): string {
    return `http://127.0.0.1:${this.master.port}`;
  }

  /** A datanode, each on a host of its own, that has been answered once. */
  async addNode(options: Partial<ManagedDatanodeOptions> = {}): Promise<ManagedDatanode> {
    const host = `host-${this.nodes.length}`;
    const node = new ManagedDatanode({ masterAddress: this.address, secret, host, heartbeatMs, ...options });
    this.nodes.push(node);
    await node.start();
    return node;
  }

  async ask<V extends VerbTo<'master'>>(verb: V, head: RequestOf<V>): Promise<ResponseOf<V>> {
    return (await this.#gateway!.call(verb, head, { timeoutMs: 10_000 })).head;
  }

  /** What a controller sees: each of these nodes as its sight says. */
  async report(
    seen: readonly [ManagedDatanode, NodeSight][],
    changes: Partial<RequestOf<'reportCluster'>> = {},
  ): Promise<ResponseOf<'reportCluster'>> {
    const nodes = seen.map(([node, sight]) => ({ address: node.address, sight, reason: 'a test says so' }));
    const head = { electionEpoch: 1, holder: 'controller-0', hosts: [], nodes, ...changes };
    return (await this.#controller!.call('reportCluster', head, { timeoutMs: 10_000 })).head;
  }

  /** That the master obeys, as it tells a controller. */
  async electionEpoch(): Promise<number> {
    return (await this.#controller!.call('getElection', {}, { timeoutMs: 10_000 })).head.electionEpoch;
  }

  newAttempt(): RequestOf<'createBucket'>['attempt'] {
    this.#counter += 1;
    return { gateway: this.gatewayId, boot: 1, counter: this.#counter, lowestUnfinished: this.#counter };
  }

  async createBucket(bucket: string): Promise<{ bucketId: number; factsVersion: number }> {
    const { bucketId, factsVersion } = await this.ask('createBucket', { attempt: this.newAttempt(), bucket });
    return { bucketId, factsVersion };
  }

  /** An object of one chunk that lies on these nodes, committed. */
  async putObject(inBucket: { bucketId: number; factsVersion: number }, key: string, on: readonly ManagedDatanode[]): Promise<string> {
    const bytes = systemRandom.bytes(1000);
    const id = systemRandom.uuidV4();
    const { sweepGeneration: generation } = await this.ask('getView', {});
    const facts = on.map((node) => node.store(bytes, { id, kind: 'chunk', generation }))[0]!;
    await this.ask('commitObject', {
      attempt: this.newAttempt(),
      ...inBucket,
      key,
      conditions: { ifMatch: null, ifNoneMatch: null },
      headers: {},
      userMetadata: {},
      sizeBytes: bytes.length,
      etag: '0'.repeat(32),
      checksum: null,
      chunks: [{ ...facts, generation, nodeIds: on.map((node) => node.nodeId) }],
    });
    return id;
  }

  async stateOf(node: ManagedDatanode): Promise<string | undefined> {
    const { nodes } = await this.ask('getView', {});
    return nodes.find((each) => each.nodeId === node.nodeId)?.state;
  }

  /** Asks again and again until something holds. */
  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const endAtMs = systemClock.monotonicMs() + stateChangeMsMax;
    while (!(await holds())) {
      if (systemClock.monotonicMs() > endAtMs) throw new Error(`never came: ${what}`);
      await systemClock.sleep(20);
    }
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await node.kill();
    await this.#gateway?.close();
    await this.#controller?.close();
    await this.master.stop();
    await rm(this.#folder, { recursive: true });
  }
}
