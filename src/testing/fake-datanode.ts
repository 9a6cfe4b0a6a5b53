import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import type { ChunkFacts } from '../model/chunk.js';
import { blockSizeBytes, packedSizeBytesMax } from '../model/limits.js';
import type { View, ViewNode } from '../model/node.js';
import { Refusal, type RefusalCode } from '../model/refusal.js';
import type { Handlers, ServerReply, ServerRequest } from '../wire/api.js';
import { createWireClient } from '../wire/client.js';
import { attachWire, type WireServer } from '../wire/server.js';
import { Datanodes } from '../replication/datanodes.js';

const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const secrets = (): Buffer[] => [Buffer.from('the secret of a cluster that is not one')];

/** What goes wrong on a node; `shown` counts how often it did. */
export type Fault =
  | { kind: 'refuse'; code: RefusalCode }
  /** Cuts every connection once so many bytes of a body have come or gone. */
  | { kind: 'die'; afterBytes: number }
  /** Takes or gives so many bytes of a body, then nothing more, until the fault is taken away by `recover`. */
  | { kind: 'stall'; afterBytes: number }
  /** Sends this byte of a chunk with a bit turned. */
  | { kind: 'flip'; atByte: number }
  /** Sends a list of CRCs that fits the bytes it sends, which are not those that were stored. */
  | { kind: 'other-bytes' }
  /** Says other facts than were stored. */
  | { kind: 'other-facts' }
  /** Has the bytes, and answers only after `recover`. */
  | { kind: 'late' };

/** A datanode without a disk, on a real socket, that can be told to fail. */
export class FakeDatanode {
  readonly node: ViewNode;
  readonly chunks = new Map<string, Buffer>();
  fault: Fault | null = null;
  /** How often the fault has shown itself. */
  shown = 0;
  reads = 0;
  readonly #http: Server;
  readonly #wire: WireServer;
  readonly #sockets = new Set<Socket>();
  #recovered: (() => void)[] = [];

  private constructor(node: ViewNode, http: Server) {
    this.node = node;
    this.#http = http;
    http.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    const options = {
      role: 'datanode',
      id: node.nodeId,
      boot: 1,
      secrets,
      handlers: this.#handlers(),
      limits: { closeGraceMs: 1 },
    } as const;
    this.#wire = attachWire(http, options, parts);
  }

  static async start(node: Omit<ViewNode, 'address'>): Promise<FakeDatanode> {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const { port } = http.address() as AddressInfo;
    return new FakeDatanode({ ...node, address: `http://127.0.0.1:${port}` }, http);
  }

  /** Takes the fault away; what it has held goes on. */
  recover(): void {
    this.fault = null;
    for (const resolve of this.#recovered.splice(0)) resolve();
  }

  cutConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.recover();
    this.cutConnections();
    await this.#wire.close();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  #handlers(): Handlers<'datanode'> {
    return {
      ping: () => Promise.resolve({ head: { nodeId: this.node.nodeId } }),
      putChunk: (request) => this.#put(request),
      getChunk: ({ head }) => this.#get(head.id, head.startBytes, head.endBytes),
    };
  }

  async #put({ head, body, trailer }: ServerRequest<'putChunk'>): Promise<ServerReply<'putChunk'>> {
    this.#refuse();
    const pieces: Buffer[] = [];
    let lengthBytes = 0;
    for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) {
      pieces.push(bytes);
      lengthBytes += bytes.length;
      await this.#breakAt(lengthBytes);
    }
    const whole = Buffer.concat(pieces);
    const facts = { id: head.id, lengthBytes, crc32c: crc32c(whole) };
    const said = trailer();
    if (said.lengthBytes !== lengthBytes) throw new Refusal('chunk-length-wrong');
    if (said.crc32c !== facts.crc32c) throw new Refusal('chunk-crc-wrong');
    const before = this.chunks.get(head.id);
    if (before !== undefined && !before.equals(whole)) throw new Refusal('chunk-conflict');
    this.chunks.set(head.id, whole);
    if (this.fault?.kind === 'late') {
      this.shown += 1;
      await this.#recovery();
    }
    return { head: { ...this.#facts(facts), nodeId: this.node.nodeId } };
  }

  async #get(id: string, startBytes: number, endBytes: number | null): Promise<ServerReply<'getChunk'>> {
    this.#refuse();
    const stored = this.chunks.get(id);
    if (stored === undefined) throw new Refusal('chunk-unknown');
    this.reads += 1;
    const lengthBytes = stored.length;
    const facts = this.#facts({ id, lengthBytes, crc32c: crc32c(stored) });
    if (lengthBytes <= packedSizeBytesMax) {
      await this.#breakAt(lengthBytes);
      return { head: { ...facts, blockCount: 0, bodyStartBytes: 0, bodyEndBytes: lengthBytes }, body: [this.#bytesOf(stored)] };
    }
    const bodyStartBytes = Math.floor(startBytes / blockSizeBytes) * blockSizeBytes;
    const bodyEndBytes = Math.min(lengthBytes, Math.ceil((endBytes ?? lengthBytes) / blockSizeBytes) * blockSizeBytes);
    const blockCount = Math.ceil(lengthBytes / blockSizeBytes);
    return { head: { ...facts, blockCount, bodyStartBytes, bodyEndBytes }, body: this.#extent(stored, bodyStartBytes, bodyEndBytes) };
  }

  async *#extent(stored: Buffer, startBytes: number, endBytes: number): AsyncGenerator<Buffer> {
    const bytes = this.#bytesOf(stored);
    const listed = this.fault?.kind === 'other-bytes' ? bytes : stored;
    const list = Buffer.alloc(Math.ceil(stored.length / blockSizeBytes) * 4);
    for (let at = 0; at < list.length; at += 4) {
      const block = listed.subarray((at / 4) * blockSizeBytes, (at / 4 + 1) * blockSizeBytes);
      list.writeUInt32LE(crc32c(block), at);
    }
    yield list;
    for (let at = startBytes; at < endBytes; at += 100_000) {
      yield bytes.subarray(at, Math.min(endBytes, at + 100_000));
      await this.#breakAt(at + 100_000 - startBytes);
    }
  }

  #refuse(): void {
    if (this.fault?.kind !== 'refuse') return;
    this.shown += 1;
    throw new Refusal(this.fault.code);
  }

  #facts(facts: ChunkFacts): ChunkFacts {
    if (this.fault?.kind !== 'other-facts') return facts;
    this.shown += 1;
    return { ...facts, crc32c: (facts.crc32c ^ 1) >>> 0 };
  }

  #bytesOf(stored: Buffer): Buffer {
    const fault = this.fault;
    if (fault?.kind !== 'flip' && fault?.kind !== 'other-bytes') return stored;
    this.shown += 1;
    const bytes = Buffer.from(stored);
    bytes[fault.kind === 'flip' ? fault.atByte : 0]! ^= 1;
    return bytes;
  }

  async #breakAt(bytes: number): Promise<void> {
    const fault = this.fault;
    if ((fault?.kind !== 'die' && fault?.kind !== 'stall') || bytes < fault.afterBytes) return;
    this.shown += 1;
    if (fault.kind === 'stall') await this.#recovery();
    else {
      this.cutConnections();
      throw new Error('the node died');
    }
  }

  #recovery(): Promise<void> {
    return new Promise((resolve) => this.#recovered.push(resolve));
  }
}

export interface FakeCluster {
  nodes: FakeDatanode[];
  view: View;
  datanodes: Datanodes;
  /** The node with this id. */
  find(nodeId: string): FakeDatanode;
  stop(): Promise<void>;
}

/** So many fake datanodes, each on a host and in a zone of its own unless `place` says otherwise, RF 3 and W 2. */
export async function startFakeCluster(
  count: number,
  options: { replicationFactor?: number; writeQuorum?: number; place?: (index: number) => { host: string; zone: string } } = {},
): Promise<FakeCluster> {
  const nodes: FakeDatanode[] = [];
  for (let index = 0; index < count; index += 1) {
    const { host, zone } = options.place?.(index) ?? { host: `host-${index}`, zone: `zone-${index}` };
    const size = { freeBytes: 1e12, capacityBytes: 2e12 };
    nodes.push(
      await FakeDatanode.start({
        nodeId: systemRandom.uuidV4(),
        nodeNumber: index + 1,
        host,
        zone,
        state: 'live',
        writable: true,
        ...size,
      }),
    );
  }
  const id = systemRandom.uuidV4();
  const datanodes = new Datanodes(({ nodeId, address }) =>
    createWireClient({ address, role: 'gateway', id, boot: 1, expect: { role: 'datanode', id: nodeId }, secrets }, parts),
  );
  return {
    nodes,
    datanodes,
    view: {
      number: { epoch: 1, n: 1 },
      clusterId: systemRandom.uuidV4(),
      replicationFactor: options.replicationFactor ?? 3,
      writeQuorum: options.writeQuorum ?? 2,
      sweepGeneration: 5,
      nodes: nodes.map(({ node }) => node),
    },
    find: (nodeId) => nodes.find(({ node }) => node.nodeId === nodeId)!,
    async stop() {
      await datanodes.close();
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}
