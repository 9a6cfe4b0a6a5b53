import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { uuidV7 } from '../base/uuid.js';
import { volumeDefaults } from '../chunks/volume-limits.js';
import { damageOnDisk } from '../testing/damage-on-disk.js';
import { FakeMaster, type FakeMasterOptions } from '../testing/fake-master.js';
import { contentOf } from '../testing/seeded-random.js';
import type { WireClient } from '../wire/api.js';
import { createWireClient } from '../wire/client.js';
import type { Order, TrailerOf } from '../wire/verbs.js';
import { startDatanode, type RunningDatanode } from './datanode.js';

const KiB = 1024;
const secret = Buffer.from('the-secret-of-this-test');
const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const clusterId = '6f1d1b52-7a86-4c4e-9a53-1f0d2f6f3a10';
const origin = { bucketId: null, key: null, partNumber: null, index: 0 };

let folder = '';
let master: FakeMaster;
let nodes: RunningDatanode[] = [];
let clients: WireClient[] = [];

async function startMaster(options: Partial<FakeMasterOptions> = {}): Promise<FakeMaster> {
  const made = new FakeMaster({ secret, clusterId, reign: { epoch: 5, id: systemRandom.uuidV4() }, ...options });
  await made.start();
  return made;
}

async function startNode(name: string): Promise<RunningDatanode> {
  const node = await startDatanode(
    {
      listenHost: '127.0.0.1',
      port: 0,
      adminPort: 0,
      dataPath: join(folder, name),
      volumeLimits: { ...volumeDefaults, segmentSizeBytes: 4 * 1024 * KiB, reserveSegmentSizeBytes: 1024 * KiB },
      restTokens: null,
      cluster: { masterAddress: master.address, advertisedAddress: null, host: name, zone: 'z', secrets: () => [secret], heartbeatMs: 50 },
    },
    parts,
  );
  nodes.push(node);
  return node;
}

function connect(node: RunningDatanode): WireClient {
  const client = createWireClient(
    {
      address: `http://127.0.0.1:${node.port}`,
      role: 'gateway',
      id: systemRandom.uuidV4(),
      boot: 1,
      expect: { role: 'datanode', id: node.nodeId },
      secrets: () => [secret],
    },
    parts,
  );
  clients.push(client);
  return client;
}

function factsOf(id: string, bytes: Buffer): TrailerOf<'putChunk'> & { id: string } {
  return { id, lengthBytes: bytes.length, crc32c: crc32c(bytes) };
}

async function putChunk(client: WireClient, id: string, bytes: Buffer, trailer: TrailerOf<'putChunk'> = factsOf(id, bytes)) {
  const call = client.open('putChunk', { id, kind: 'chunk', generation: 7, origin }, { timeoutMs: 5000 });
  for (let offset = 0; offset < bytes.length; offset += 100 * KiB) call.write(bytes.subarray(offset, offset + 100 * KiB));
  call.end({ lengthBytes: trailer.lengthBytes, crc32c: trailer.crc32c });
  return (await call.reply).head;
}

async function getChunk(client: WireClient, id: string, startBytes = 0, endBytes: number | null = null) {
  const { head, body } = await client.call('getChunk', { id, startBytes, endBytes }, { timeoutMs: 5000 });
  const pieces: Buffer[] = [];
  for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) pieces.push(Buffer.from(bytes));
  const all = Buffer.concat(pieces);
  return { head, blockCrcs: all.subarray(0, head.blockCount * 4), bytes: all.subarray(head.blockCount * 4) };
}

function newId(): string {
  return uuidV7(Date.now(), systemRandom);
}

function putObject(node: RunningDatanode, id: string, body: Buffer): Promise<Response> {
  return fetch(`http://127.0.0.1:${node.port}/objects/${id}`, { method: 'PUT', body: new Uint8Array(body) });
}

function copyOrder(n: number, id: string, bytes: Buffer, sources: RunningDatanode[], epoch = 5): Order {
  const named = sources.map((source) => ({ nodeId: source.nodeId, address: `http://127.0.0.1:${source.port}` }));
  return { kind: 'copy', epoch, n, ...factsOf(id, bytes), chunkKind: 'chunk', generation: 7, sources: named };
}

async function outcome(n: number): Promise<string> {
  await master.until(`order ${n} is reported`, () => master.outcomes.has(n));
  return master.outcomes.get(n)!;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aether-datanode-'));
  master = await startMaster();
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.stop()));
  await master.stop();
  rmSync(folder, { recursive: true, force: true });
  nodes = [];
  clients = [];
});

test('a new node asks to be adopted once, and from then on names its cluster and the reign it obeys', async () => {
  const node = await startNode('a');
  await master.until('it belongs to the cluster', () => master.heartbeats.some((heartbeat) => heartbeat.clusterId !== null));
  const first = master.heartbeats[0];
  const second = master.heartbeats.at(-1);
  expect(first).toMatchObject({ nodeId: node.nodeId, clusterId: null, reign: null, host: 'a', zone: 'z', condition: 'open' });
  expect(second).toMatchObject({ clusterId, reign: { epoch: 5 } });
  expect(second!.capacityBytes).toBeGreaterThan(0);
});

test('it registers again when the master was started anew, and proves what its log once said', async () => {
  const node = await startNode('a');
  const client = connect(node);
  await putChunk(client, newId(), Buffer.from('x'));
  await master.until('a heartbeat with the chunk', () => master.heartbeats.some((heartbeat) => heartbeat.chunkCount === 1));
  const said = master.heartbeats.at(-1)!;
  const { port } = master;
  await master.stop();
  master = await startMaster({ port, reign: { epoch: 6, id: systemRandom.uuidV4() } });
  master.proveSequence = said.logSequence;
  await putChunk(client, newId(), Buffer.from('y'));
  await master.until('the proof', () => master.heartbeats.some((heartbeat) => heartbeat.provenDigest === said.logDigest));
  expect(master.heartbeats.at(-1)!.logDigest).not.toBe(said.logDigest);
});

test('an outbid master is disobeyed, and told so', async () => {
  const node = await startNode('a');
  const id = newId();
  const client = connect(node);
  await putChunk(client, id, Buffer.from('kept'));
  await master.until('it is obeyed', () => master.heartbeats.some((heartbeat) => heartbeat.reign?.epoch === 5));
  const { port } = master;
  await master.stop();
  master = await startMaster({ port, reign: { epoch: 4, id: systemRandom.uuidV4() } });
  master.order(node.nodeId, { kind: 'delete', epoch: 4, n: 1, id });
  await master.until('heartbeats', () => master.heartbeats.length >= 3);
  expect(master.heartbeats.every((heartbeat) => heartbeat.reign?.epoch === 5)).toBe(true);
  if (master.outcomes.size > 0) expect(master.outcomes.get(1)).toBe('failed');
  expect((await getChunk(client, id)).bytes.toString()).toBe('kept');
});

test('a master of another cluster is not obeyed', async () => {
  const node = await startNode('a');
  const client = connect(node);
  const id = newId();
  await putChunk(client, id, Buffer.from('kept'));
  await master.until('it is obeyed', () => master.heartbeats.some((heartbeat) => heartbeat.clusterId === clusterId));
  const { port } = master;
  await master.stop();
  master = await startMaster({ port, clusterId: systemRandom.uuidV4(), reign: { epoch: 9, id: systemRandom.uuidV4() } });
  master.order(node.nodeId, { kind: 'delete', epoch: 9, n: 1, id });
  await master.until('heartbeats', () => master.heartbeats.length >= 3);
  expect(master.heartbeats.every((heartbeat) => heartbeat.clusterId === clusterId && heartbeat.reign?.epoch === 5)).toBe(true);
  expect((await getChunk(client, id)).bytes.toString()).toBe('kept');
});

test.each([0, 1, 200 * KiB, 256 * KiB, 256 * KiB + 1, 2000 * KiB])('a chunk of %i bytes gets the same receipt again', async (sizeBytes) => {
  const client = connect(await startNode('a'));
  const id = newId();
  const bytes = contentOf(id, sizeBytes);
  const receipt = await putChunk(client, id, bytes);
  expect(receipt).toMatchObject(factsOf(id, bytes));
  expect(await putChunk(client, id, bytes)).toEqual(receipt);
  await expect(putChunk(client, id, contentOf('other', sizeBytes + 1))).rejects.toMatchObject({ code: 'chunk-conflict' });
  const got = await getChunk(client, id);
  expect(got.bytes.equals(bytes)).toBe(true);
  expect(got.head.blockCount).toBe(sizeBytes > 256 * KiB ? Math.ceil(sizeBytes / (64 * KiB)) : 0);
});

test.each([100, 300 * KiB])('a chunk of %i bytes that is not what its sender says is not stored', async (sizeBytes) => {
  const client = connect(await startNode('a'));
  const id = newId();
  const bytes = contentOf(id, sizeBytes);
  await expect(putChunk(client, id, bytes, { lengthBytes: sizeBytes, crc32c: 1 })).rejects.toMatchObject({ code: 'chunk-crc-wrong' });
  await expect(putChunk(client, id, bytes, { ...factsOf(id, bytes), lengthBytes: sizeBytes + 1 })).rejects.toMatchObject({
    code: 'chunk-length-wrong',
  });
  await expect(getChunk(client, id)).rejects.toMatchObject({ code: 'chunk-unknown' });
  expect(await putChunk(client, id, bytes)).toMatchObject({ id });
});

test('a range of a large chunk is widened to whole blocks, and the list of CRCs matches them', async () => {
  const client = connect(await startNode('a'));
  const id = newId();
  const bytes = contentOf(id, 500 * KiB);
  await putChunk(client, id, bytes);
  const got = await getChunk(client, id, 70 * KiB, 130 * KiB);
  expect([got.head.bodyStartBytes, got.head.bodyEndBytes]).toEqual([64 * KiB, 192 * KiB]);
  expect(got.bytes.equals(bytes.subarray(64 * KiB, 192 * KiB))).toBe(true);
  for (let block = 0; block < 8; block += 1) {
    expect(got.blockCrcs.readUInt32LE(block * 4)).toBe(crc32c(bytes.subarray(block * 64 * KiB, (block + 1) * 64 * KiB)));
  }
});

test('a REST upload is told 201 only when the master took its report, until then it may be repeated', async () => {
  const node = await startNode('a');
  await master.until('it is obeyed', () => master.heartbeats.length >= 2);
  const id = systemRandom.uuidV4();
  const body = contentOf(id, 300 * KiB);
  master.refuseReports = 'slow-down';
  expect((await putObject(node, id, body)).status).toBe(503);
  expect((await putObject(node, id, contentOf('other', 300 * KiB))).status, 'other bytes').toBe(409);

  // The open report survives a restart.
  await node.stop();
  const again = await startNode('a');
  expect(again.nodeId).toBe(node.nodeId);
  await master.until('it is obeyed again', () => master.heartbeats.at(-1)!.boot === 2);
  expect((await putObject(again, id, body)).status).toBe(503);
  master.refuseReports = null;
  const statuses = await Promise.all([1, 2, 3].map(async () => (await putObject(again, id, body)).status));
  expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 409, 409]);
  expect(master.reported).toMatchObject([{ ...factsOf(id, body), nodeId: node.nodeId, generation: 7 }]);
  expect((await putObject(again, id, body)).status, 'after the 201').toBe(409);
});

test('racing uploads with a master: one 201, one report', async () => {
  const node = await startNode('a');
  await master.until('it is obeyed', () => master.heartbeats.length >= 2);
  for (const sizeBytes of [50, 400 * KiB]) {
    const id = systemRandom.uuidV4();
    const answers = await Promise.all([0, 0, 1, 1].map((which) => putObject(node, id, contentOf(`${id}/${which}`, sizeBytes))));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
    expect(master.reported.filter((report) => report.id === id)).toHaveLength(1);
  }
});

test('a copy is pulled from the first source whose bytes are right; the bad ones are reported', async () => {
  const target = await startNode('target');
  const damaged = await startNode('damaged');
  const empty = await startNode('empty');
  const good = await startNode('good');
  const gone = await startNode('gone');
  for (const [turn, sizeBytes] of [300, 700 * KiB].entries()) {
    const id = newId();
    const bytes = contentOf(id, sizeBytes);
    await putChunk(connect(damaged), id, bytes);
    await putChunk(connect(good), id, bytes);
    expect(damageOnDisk(join(folder, 'damaged'), bytes.subarray(-100))).toBe(true);
    if (turn === 0) await gone.stop();
    master.order(target.nodeId, copyOrder(turn + 1, id, bytes, [gone, damaged, empty, good]));
    expect(await outcome(turn + 1)).toBe('done');
    expect((await getChunk(connect(target), id)).bytes.equals(bytes)).toBe(true);
    const reports = master.replicas.filter((report) => report.id === id);
    expect(reports.map(({ nodeId, problem }) => [nodeId, problem])).toEqual([
      [damaged.nodeId, 'damaged'],
      [empty.nodeId, 'missing'],
    ]);
  }
});

test('a copy whose sources are all bad stores nothing', async () => {
  const target = await startNode('target');
  const source = await startNode('source');
  const id = newId();
  await putChunk(connect(source), id, Buffer.from('what the source has'));
  master.order(target.nodeId, copyOrder(1, id, Buffer.from('what the metadata say'), [source]));
  expect(await outcome(1)).toBe('unreachable');
  await expect(getChunk(connect(target), id)).rejects.toMatchObject({ code: 'chunk-unknown' });
});

test('a damaged copy is replaced by a good one', async () => {
  const target = await startNode('target');
  const source = await startNode('source');
  const id = newId();
  const bytes = contentOf(id, 300 * KiB);
  await putChunk(connect(target), id, bytes);
  await putChunk(connect(source), id, bytes);
  expect(damageOnDisk(join(folder, 'target'), bytes.subarray(-100))).toBe(true);
  const facts = factsOf(id, bytes);
  master.order(
    target.nodeId,
    { kind: 'verify', epoch: 5, n: 1, ...facts, deep: false },
    { kind: 'verify', epoch: 5, n: 2, ...facts, deep: true },
  );
  expect([await outcome(1), await outcome(2)]).toEqual(['done', 'damaged']);
  master.order(target.nodeId, copyOrder(3, id, bytes, [source]), { kind: 'verify', epoch: 5, n: 4, ...facts, deep: true });
  expect([await outcome(3), await outcome(4)]).toEqual(['done', 'done']);
});

test('a damaged copy stays as it is while no source has better bytes', async () => {
  const target = await startNode('target');
  const source = await startNode('source');
  const id = newId();
  const bytes = contentOf(id, 300 * KiB);
  await putChunk(connect(target), id, bytes);
  await putChunk(connect(source), id, bytes);
  expect(damageOnDisk(join(folder, 'target'), bytes.subarray(-100))).toBe(true);
  expect(damageOnDisk(join(folder, 'source'), bytes.subarray(0, 100))).toBe(true);
  master.order(target.nodeId, copyOrder(1, id, bytes, [source]));
  expect(await outcome(1)).toBe('unreachable');
  expect((await getChunk(connect(target), id, 0, 256 * KiB)).bytes.equals(bytes.subarray(0, 256 * KiB))).toBe(true);
});

test('a copy with other facts is replaced by a good one, and stays while there is none', async () => {
  const target = await startNode('target');
  const bad = await startNode('bad');
  const good = await startNode('good');
  for (const [turn, sizeBytes] of [300, 700 * KiB].entries()) {
    const id = newId();
    const other = contentOf('other', sizeBytes + 1);
    const bytes = contentOf(id, sizeBytes);
    await putChunk(connect(target), id, other);
    await putChunk(connect(bad), id, bytes);
    await putChunk(connect(good), id, bytes);
    expect(damageOnDisk(join(folder, 'bad'), bytes.subarray(-100))).toBe(true);
    master.order(target.nodeId, copyOrder(2 * turn + 1, id, bytes, [bad]));
    expect(await outcome(2 * turn + 1)).toBe('unreachable');
    expect((await getChunk(connect(target), id)).bytes.equals(other)).toBe(true);

    master.order(target.nodeId, copyOrder(2 * turn + 2, id, bytes, [bad, good]));
    expect(await outcome(2 * turn + 2)).toBe('done');
    expect((await getChunk(connect(target), id)).bytes.equals(bytes)).toBe(true);
  }
});

test('orders for one chunk run in their order', async () => {
  const source = await startNode('source');
  const target = await startNode('target');
  const id = newId();
  const bytes = contentOf(id, 600 * KiB);
  await putChunk(connect(source), id, bytes);
  const verify = { kind: 'verify', epoch: 5, ...factsOf(id, bytes), deep: true } as const;
  master.order(
    target.nodeId,
    copyOrder(2, id, bytes, [source]),
    { ...verify, n: 3 },
    { kind: 'delete', epoch: 5, n: 4, id },
    { ...verify, n: 5 },
  );
  expect(await outcome(5)).toBe('missing');
  expect([await outcome(2), await outcome(3), await outcome(4)]).toEqual(['done', 'done', 'done']);
});

test('it is ready once a master has looked at its copies, and stays so while the master is away', async () => {
  master.state = 'returned';
  const node = await startNode('a');
  const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${node.adminPort}/readyz`)).status;
  const beats = master.heartbeats.length;
  await master.until('it was answered more than once', () => master.heartbeats.length > beats + 1);
  expect(await ready()).toBe(503);
  master.state = 'live';
  await expect.poll(ready).toBe(200);
  await master.stop();
  expect(await ready()).toBe(200);
});

test('it is not ready any more when its volume was forgotten, and goes on asking', async () => {
  const node = await startNode('a');
  const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${node.adminPort}/readyz`)).status;
  await expect.poll(ready).toBe(200);
  master.refuseHeartbeats = 'boot-stale';
  const beats = master.heartbeats.length;
  await master.until('it was refused more than once', () => master.heartbeats.length > beats + 1);
  expect(await ready()).toBe(200);
  master.refuseHeartbeats = 'node-forgotten';
  await expect.poll(ready).toBe(503);
  const forgotten = master.heartbeats.length;
  await master.until('it asks again', () => master.heartbeats.length > forgotten + 1);
});

test('a stop is announced, then writes are refused while reads go on', async () => {
  const node = await startNode('a');
  const client = connect(node);
  const id = newId();
  const bytes = contentOf(id, 4000 * KiB);
  await putChunk(client, id, bytes);
  const { body } = await client.call('getChunk', { id, startBytes: 0, endBytes: null }, { timeoutMs: 5000 });
  await body.read();
  const ready = async (): Promise<number> => (await fetch(`http://127.0.0.1:${node.adminPort}/readyz`)).status;
  await expect.poll(ready).toBe(200);
  const stopped = node.stop();
  await master.until('the node drains', () => master.heartbeats.at(-1)!.condition === 'draining');
  expect(await ready()).toBe(503);
  await expect(putChunk(client, newId(), Buffer.from('late'))).rejects.toMatchObject({ code: 'node-closed' });
  let restBytes = 0;
  for (let piece = await body.read(); piece !== null; piece = await body.read()) restBytes += piece.length;
  expect(restBytes).toBeGreaterThan(3000 * KiB);
  await stopped;
});
