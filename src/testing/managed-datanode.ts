import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unreachable } from '../base/assert.js';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import type { ChunkFacts, ChunkKind } from '../model/chunk.js';
import type { VolumeCondition } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import type { IncomingBody, WireClient } from '../wire/api.js';
import { createWireClient } from '../wire/client.js';
import { attachWire, type WireServer } from '../wire/server.js';
import type { Order, OrderOutcome, RequestOf, ResponseOf } from '../wire/verbs.js';

const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const callMs = 5000;
const TiB = 2 ** 40;

interface StoredChunk extends ChunkFacts {
  kind: ChunkKind;
  generation: number;
  bytes: Buffer;
}

export interface ManagedDatanodeOptions {
  masterAddress: string;
  secret: Buffer;
  host: string;
  zone?: string;
  heartbeatMs: number;
  nodeId?: string;
  /** What it tells the master instead of where it is. */
  advertisedAddress?: string;
}

/**
 * The datanode's side of the wire as far as a master and a writer see it, over real sockets; its disk is a map. Tests
 * stop it, take its chunks away or turn its volume back, and read what it was ordered to do.
 */
export class ManagedDatanode {
  readonly nodeId: string;
  readonly chunks = new Map<string, StoredChunk>();
  readonly ordered: Order[] = [];
  readonly answers: ResponseOf<'heartbeat'>[] = [];
  readonly refusals: string[] = [];
  condition: VolumeCondition = 'open';
  clusterId: string | null = null;
  reign: RequestOf<'heartbeat'>['reign'] = null;
  boot = 0;
  /** Orders are taken and then neither carried out nor reported. */
  ignoresOrders = false;
  /** Instead of the outcome of carrying it out. */
  outcomeOf: (order: Order) => OrderOutcome | null | Promise<OrderOutcome | null> = () => null;
  onRead: () => void = () => undefined;
  #digests: string[] = [''];
  #proveSequence: number | null = null;
  #options: ManagedDatanodeOptions;
  #server = createServer();
  #port = 0;
  #wire: WireServer | null = null;
  #client: WireClient | null = null;
  #running = new AbortController();
  #loops: Promise<unknown>[] = [];

  constructor(options: ManagedDatanodeOptions) {
    this.#options = options;
    this.nodeId = options.nodeId ?? systemRandom.uuidV4();
  }

  /** Also of a node that was killed: there it was. */
  get address(): string {
    return this.#options.advertisedAddress ?? `http://127.0.0.1:${this.#port}`;
  }

  set masterAddress(masterAddress: string) {
    this.#options = { ...this.#options, masterAddress };
  }

  /** A start of the volume: the boot is raised, the chunks are there. Resolves after the first answered heartbeat. */
  async start(): Promise<void> {
    this.boot += 1;
    await this.startSameBoot();
  }

  async startSameBoot(): Promise<void> {
    this.#running = new AbortController();
    this.#proveSequence = null;
    const { secret } = this.#options;
    this.#server = createServer();
    this.#wire = attachWire(
      this.#server,
      {
        role: 'datanode',
        id: this.nodeId,
        boot: this.boot,
        secrets: () => [secret],
        handlers: {
          putChunk: async ({ head, body, trailer }) => {
            const bytes = await readAll(body);
            const { lengthBytes, crc32c: crc } = trailer();
            if (bytes.length !== lengthBytes || crc32c(bytes) !== crc) throw new Refusal('chunk-crc-wrong');
            this.store(bytes, head);
            return { head: { id: head.id, lengthBytes, crc32c: crc, nodeId: this.nodeId } };
          },
          getChunk: ({ head }) => {
            this.onRead();
            const chunk = this.chunks.get(head.id);
            if (!chunk) throw new Refusal('chunk-unknown');
            const { id, lengthBytes, crc32c } = chunk;
            const range = { blockCount: 0, bodyStartBytes: 0, bodyEndBytes: lengthBytes };
            return Promise.resolve({ head: { id, lengthBytes, crc32c, ...range }, body: [chunk.bytes] });
          },
          ping: () => Promise.resolve({ head: { nodeId: this.nodeId } }),
        },
      },
      parts,
    );
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    this.#client = this.#connect();
    await this.beat();
    this.#loops = [this.#beatLoop(), this.#orderLoop()];
  }

  /** Gone from one moment to the next, as after SIGKILL. */
  async kill(): Promise<void> {
    this.#running.abort(new Error('killed'));
    await this.#client?.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#wire?.close();
    await Promise.allSettled(this.#loops);
  }

  /** Keeps a chunk as if it had come by REST or wire. */
  /** Keeps a copy of the bytes, so that a test which damages one node's leaves the others' alone. */
  store(bytes: Buffer, chunk: { id: string; kind: ChunkKind; generation: number }): ChunkFacts {
    const facts = { id: chunk.id, lengthBytes: bytes.length, crc32c: crc32c(bytes) };
    this.chunks.set(chunk.id, { ...facts, kind: chunk.kind, generation: chunk.generation, bytes: Buffer.from(bytes) });
    this.#log(`put ${chunk.id}`);
    return facts;
  }

  /** The volume is an older picture of itself. */
  turnBack(records: number): void {
    this.#digests = this.#digests.slice(0, Math.max(1, this.#digests.length - records));
  }

  /** The log has the same length and another content. */
  rewriteHistory(): void {
    this.#digests = this.#digests.map((digest) => `other ${digest}`);
  }

  async beat(): Promise<ResponseOf<'heartbeat'>> {
    const sequence = this.#digests.length - 1;
    const { host, zone = '' } = this.#options;
    const { head } = await this.client.call(
      'heartbeat',
      {
        nodeId: this.nodeId,
        boot: this.boot,
        clusterId: this.clusterId,
        reign: this.reign,
        address: this.address,
        host,
        zone,
        condition: this.condition,
        capacityBytes: TiB,
        freeBytes: TiB / 2,
        usedBytes: TiB / 2,
        chunkCount: this.chunks.size,
        logSequence: sequence,
        logDigest: this.#digests[sequence]!,
        provenDigest: this.#proveSequence === null ? null : (this.#digests[this.#proveSequence] ?? null),
      },
      { timeoutMs: callMs },
    );
    this.clusterId = head.clusterId;
    this.reign = head.reign;
    this.#proveSequence = head.proveSequence;
    this.answers.push(head);
    return head;
  }

  get client(): WireClient {
    if (!this.#client) throw new Error('the node is not started');
    return this.#client;
  }

  #connect(): WireClient {
    const { masterAddress, secret } = this.#options;
    const { nodeId: id, boot } = this;
    const process = systemRandom.uuidV4();
    const expect = { role: 'master', id: null } as const;
    return createWireClient({ address: masterAddress, role: 'datanode', id, boot, expect, secrets: () => [secret], process }, parts);
  }

  async #beatLoop(): Promise<void> {
    const { signal } = this.#running;
    let waitMs = this.#options.heartbeatMs;
    while (!signal.aborted) {
      await systemClock.sleep(waitMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const asked = this.#proveSequence;
      await this.beat().catch((error: unknown) => this.refusals.push(error instanceof Refusal ? error.code : String(error)));
      waitMs = this.#proveSequence !== null && this.#proveSequence !== asked ? 0 : this.#options.heartbeatMs;
    }
  }

  async #orderLoop(): Promise<void> {
    const { signal } = this.#running;
    const self = { nodeId: this.nodeId, boot: this.boot };
    let received = { epoch: 0, n: 0 };
    while (!signal.aborted) {
      try {
        const receivedN = received.epoch === this.reign?.epoch ? received.n : 0;
        const { head } = await this.client.call(
          'takeOrders',
          { ...self, credit: 1000, waitMs: 1000, receivedN },
          { timeoutMs: callMs, signal },
        );
        this.ordered.push(...head.orders);
        received = head.orders.at(-1) ?? received;
        if (this.ignoresOrders) continue;
        const results: RequestOf<'reportOrders'>['results'] = [];
        for (const order of head.orders) results.push({ epoch: order.epoch, n: order.n, outcome: await this.#carryOut(order) });
        if (results.length > 0) await this.client.call('reportOrders', { ...self, results }, { timeoutMs: callMs, signal });
      } catch {
        await systemClock.sleep(20, signal).catch(() => undefined);
      }
    }
  }

  async #carryOut(order: Order): Promise<OrderOutcome> {
    const planned = await this.outcomeOf(order);
    if (planned !== null) return planned;
    switch (order.kind) {
      case 'copy':
        return this.#copy(order);
      case 'delete':
        if (this.chunks.delete(order.id)) this.#log(`delete ${order.id}`);
        return 'done';
      case 'verify': {
        const chunk = this.chunks.get(order.id);
        if (!chunk) return 'missing';
        return crc32c(chunk.bytes) === order.crc32c && chunk.bytes.length === order.lengthBytes ? 'done' : 'damaged';
      }
      case 'clear':
        this.condition = 'open';
        return 'done';
      default:
        return unreachable(order);
    }
  }

  async #copy(order: Extract<Order, { kind: 'copy' }>): Promise<OrderOutcome> {
    const { secret } = this.#options;
    for (const source of order.sources) {
      const expect = { role: 'datanode', id: source.nodeId } as const;
      const identity = { role: 'datanode', id: this.nodeId, boot: this.boot };
      const client = createWireClient({ address: source.address, ...identity, expect, secrets: () => [secret] }, parts);
      try {
        const { body } = await client.call('getChunk', { id: order.id, startBytes: 0, endBytes: null }, { timeoutMs: callMs });
        const bytes = await readAll(body);
        if (bytes.length !== order.lengthBytes || crc32c(bytes) !== order.crc32c) continue;
        this.store(bytes, { id: order.id, kind: order.chunkKind, generation: order.generation });
        return 'done';
      } catch {
        continue;
      } finally {
        await client.close();
      }
    }
    return 'unreachable';
  }

  #log(record: string): void {
    this.#digests.push(
      createHash('sha256')
        .update(`${this.#digests.at(-1)} ${record}`)
        .digest('hex'),
    );
  }
}

async function readAll(body: IncomingBody): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let piece = await body.read(); piece !== null; piece = await body.read()) pieces.push(piece);
  return Buffer.concat(pieces);
}
