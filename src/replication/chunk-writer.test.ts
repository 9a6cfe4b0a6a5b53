import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, type Clock, type Timer } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import type { Receipt, WrittenChunk } from '../model/chunk.js';
import { startFakeCluster, type FakeCluster, type Fault } from '../testing/fake-datanode.js';
import { ChunkWriter, type BodySource, type ChunkWriterOptions, type CutBodyOptions } from './chunk-writer.js';

const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const MiB = 1024 * 1024;
const body: CutBodyOptions = { kind: 'chunk', origin: { bucketId: 1, key: 'k', partNumber: null }, chunkSizeBytes: 8 * MiB };
let cluster: FakeCluster;

afterEach(() => cluster.stop());

function writer(options: Partial<ChunkWriterOptions> = {}): ChunkWriter {
  const { datanodes, view } = cluster;
  return new ChunkWriter({ datanodes, view: () => view, lateReceiptMs: 2000, onLateReceipt: () => undefined, ...options }, parts);
}

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
}

async function* breaks(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.alloc(9));
  throw new Error('the source broke');
}

/** What every node named in the receipts has stored, chunk after chunk. */
function storedBodies(chunks: WrittenChunk[], copies: number): Buffer[] {
  return Array.from({ length: copies }, (_, copy) =>
    Buffer.concat(chunks.map(({ id, nodeIds }) => cluster.find(nodeIds[copy]!).chunks.get(id) ?? Buffer.from('missing'))),
  );
}

function setFault(indexes: number[], fault: Fault): void {
  for (const index of indexes) cluster.nodes[index]!.fault = fault;
}

function shown(): number {
  return cluster.nodes.reduce((sum, node) => sum + node.shown, 0);
}

describe('writing a body', () => {
  it.each([
    ['whole', (bytes: Buffer): BodySource => [bytes]],
    ['in pieces', (bytes: Buffer): BodySource => inPieces(bytes, 100_000)],
  ])('given %s puts equal chunks in order on RF nodes', async (_name, sourceOf) => {
    cluster = await startFakeCluster(4);
    const bytes = systemRandom.bytes(20 * MiB + 5);
    const chunks = await writer().write(sourceOf(bytes), body);
    expect(chunks.map(({ lengthBytes }) => lengthBytes)).toEqual([8 * MiB, 8 * MiB, 4 * MiB + 5]);
    expect(chunks.map(({ nodeIds }) => nodeIds.length)).toEqual([3, 3, 3]);
    expect(chunks.every(({ generation }) => generation === 5)).toBe(true);
    expect(chunks[2]!.crc32c).toBe(crc32c(bytes.subarray(16 * MiB)));
    expect(storedBodies(chunks, 3).every((stored) => stored.equals(bytes))).toBe(true);
  });

  it('ends a chunk exactly at the cut, and none follows', async () => {
    cluster = await startFakeCluster(3);
    const chunks = await writer().write([Buffer.alloc(2 * MiB)], { ...body, chunkSizeBytes: MiB });
    expect(chunks.map(({ lengthBytes }) => lengthBytes)).toEqual([MiB, MiB]);
    expect(await writer().write([], body)).toEqual([]);
  });

  it('stores one chunk under a given id, also an empty one, and no longer one than allowed', async () => {
    cluster = await startFakeCluster(3);
    const one = { ...body, kind: 'rest', id: systemRandom.uuidV4(), lengthBytesMax: 10 } as const;
    expect(await writer().writeOne([], one)).toMatchObject({ id: one.id, lengthBytes: 0, crc32c: 0 });
    const other = { ...one, id: systemRandom.uuidV4() };
    await expect(writer().writeOne(inPieces(Buffer.alloc(11), 4), other)).rejects.toMatchObject({ code: 'object-too-large' });
    expect(await writer().writeOne(inPieces(Buffer.alloc(10), 4), { ...one, id: systemRandom.uuidV4() })).toMatchObject({
      lengthBytes: 10,
    });
  });

  it.each<Fault>([{ kind: 'refuse', code: 'node-closed' }, { kind: 'die', afterBytes: 1 }, { kind: 'other-facts' }])(
    'replaces a node that fails by a spare while its bytes are at hand: %o',
    async (fault) => {
      cluster = await startFakeCluster(4);
      setFault([0, 1], fault);
      const bytes = systemRandom.bytes(3 * MiB);
      const chunks = await writer().write(inPieces(bytes, 100_000), body);
      // Of four nodes two are good: one of them was a spare
      expect(shown()).toBeGreaterThan(0);
      const good = new Set(cluster.nodes.slice(2).map(({ node }) => node.nodeId));
      expect(new Set(chunks[0]!.nodeIds)).toEqual(good);
      expect(storedBodies(chunks, 2).every((stored) => stored.equals(bytes))).toBe(true);
    },
  );

  it('goes on with W nodes when one dies after its bytes are no longer at hand', async () => {
    cluster = await startFakeCluster(3);
    setFault([0], { kind: 'die', afterBytes: 6 * MiB });
    const bytes = systemRandom.bytes(8 * MiB);
    const chunks = await writer().write(inPieces(bytes, 100_000), body);
    expect(shown()).toBe(1);
    expect(chunks[0]!.nodeIds).toHaveLength(2);
    expect(storedBodies(chunks, 2).every((stored) => stored.equals(bytes))).toBe(true);
  });

  it('refuses when fewer than W nodes are left, and leaves no call open', async () => {
    cluster = await startFakeCluster(3);
    setFault([0, 1], { kind: 'die', afterBytes: 6 * MiB });
    const written = writer().write(inPieces(systemRandom.bytes(8 * MiB), 100_000), body);
    await expect(written).rejects.toMatchObject({ code: 'nodes-too-few' });
    expect(shown()).toBe(2);
    await expect.poll(() => cluster.nodes.map(({ node }) => cluster.datanodes.busyOn(node))).toEqual([0, 0, 0]);
  });

  it('refuses at once when too few nodes can take a copy', async () => {
    cluster = await startFakeCluster(3);
    for (const node of cluster.view.nodes.slice(1)) node.writable = false;
    await expect(writer().write([Buffer.alloc(1)], body)).rejects.toMatchObject({ code: 'nodes-too-few' });
  });

  it('says that disks are full when that is why, as soon as one node has said so', async () => {
    cluster = await startFakeCluster(3);
    cluster.view.nodes[0]!.writable = false;
    setFault([1], { kind: 'refuse', code: 'storage-full' });
    await expect(writer().write([Buffer.alloc(1)], body)).rejects.toMatchObject({
      code: 'nodes-too-few',
      message: expect.stringContaining('the disks of 2 of 3 datanodes are full') as string,
    });
    cluster.view.nodes[0]!.writable = true;
    setFault([0, 1, 2], { kind: 'die', afterBytes: 0 });
    await expect(writer().write([Buffer.alloc(1)], body)).rejects.toMatchObject({ message: expect.not.stringContaining('full') as string });
  });

  it('wants W hosts, not only W nodes, while there are W hosts', async () => {
    cluster = await startFakeCluster(3, { place: (index) => ({ host: index < 2 ? 'shared' : 'other', zone: 'z' }) });
    setFault([2], { kind: 'refuse', code: 'storage-full' });
    await expect(writer().write([Buffer.alloc(9)], body)).rejects.toMatchObject({ code: 'nodes-too-few' });
    expect(shown()).toBe(1);
    cluster.view.nodes[2]!.writable = false;
    expect((await writer().write([Buffer.alloc(9)], body))[0]!.nodeIds).toHaveLength(2);
  });

  it('does not wait longer than lateReceiptMs for the last copy, and tells of it when it comes', async () => {
    cluster = await startFakeCluster(3);
    setFault([1], { kind: 'late' });
    const late: Receipt[] = [];
    const beganMs = systemClock.monotonicMs();
    const chunks = await writer({ lateReceiptMs: 100, onLateReceipt: (receipt) => late.push(receipt) }).write([Buffer.alloc(9)], body);
    expect(systemClock.monotonicMs() - beganMs).toBeGreaterThanOrEqual(95);
    expect(chunks[0]!.nodeIds).toHaveLength(2);
    expect([shown(), late]).toEqual([1, []]);
    cluster.nodes[1]!.recover();
    await expect.poll(() => late).toHaveLength(1);
    const { generation: _, nodeIds: __, ...facts } = chunks[0]!;
    expect(late[0]).toEqual({ ...facts, nodeId: cluster.nodes[1]!.node.nodeId });
  });

  it('leaves no timer behind, which would keep the chunk in memory, when its last copy came late', async () => {
    cluster = await startFakeCluster(3);
    setFault([1], { kind: 'late' });
    const pending = new Set<Timer>();
    const clock: Clock = {
      ...systemClock,
      setTimer(delayMs, fire) {
        const timer = systemClock.setTimer(delayMs, () => {
          pending.delete(timer);
          fire();
        });
        pending.add(timer);
        return {
          cancel() {
            pending.delete(timer);
            timer.cancel();
          },
        };
      },
    };
    const { datanodes, view } = cluster;
    const late: Receipt[] = [];
    const options = { datanodes, view: () => view, lateReceiptMs: 50, onLateReceipt: (receipt: Receipt) => void late.push(receipt) };
    await new ChunkWriter(options, { ...parts, clock }).write([Buffer.alloc(9)], body);
    expect(pending.size).toBe(1);
    cluster.nodes[1]!.recover();
    await expect.poll(() => late).toHaveLength(1);
    expect(pending.size).toBe(0);
  });

  it('asks spares beside nodes that take the bytes and then say nothing', async () => {
    cluster = await startFakeCluster(5);
    setFault([0, 1, 2], { kind: 'late' });
    const chunks = await writer({ lateReceiptMs: 50, limits: { hedgeMs: 50 } }).write([Buffer.alloc(9)], body);
    expect(chunks[0]!.nodeIds.length).toBeGreaterThanOrEqual(2);
    expect(shown()).toBeGreaterThanOrEqual(1);
  });

  it('drops a node that stays far behind the fastest, at the price of its patience once', async () => {
    cluster = await startFakeCluster(3);
    setFault([0], { kind: 'stall', afterBytes: MiB });
    const bytes = systemRandom.bytes(24 * MiB);
    const beganMs = systemClock.monotonicMs();
    const chunks = await writer({ lateReceiptMs: 50, limits: { patienceMs: 200 } }).write(inPieces(bytes, 100_000), {
      ...body,
      chunkSizeBytes: 32 * MiB,
    });
    expect(systemClock.monotonicMs() - beganMs).toBeLessThan(3000);
    expect(shown()).toBe(1);
    expect(chunks[0]!.nodeIds).not.toContain(cluster.nodes[0]!.node.nodeId);
    expect(storedBodies(chunks, 2).every((stored) => stored.equals(bytes))).toBe(true);
  });

  it('holds the source back while all nodes are slow, and gives up when none moves', async () => {
    cluster = await startFakeCluster(3);
    setFault([0, 1, 2], { kind: 'stall', afterBytes: 1 });
    let readBytes = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const bytes of inPieces(Buffer.alloc(32 * MiB), 500_000)) {
        readBytes += bytes.length;
        yield bytes;
      }
    }
    const limits = { patienceMs: 50, stallMs: 200 };
    await expect(writer({ limits }).write(counted(), { ...body, chunkSizeBytes: 32 * MiB })).rejects.toMatchObject({
      code: 'nodes-too-few',
    });
    // The window of the wire, what may be behind, and pieces under way
    expect(readBytes).toBeLessThan(8 * MiB);
    expect(shown()).toBe(3);
  });

  it('holds each body to little when all together hold too much', async () => {
    cluster = await startFakeCluster(3);
    setFault([0, 1, 2], { kind: 'stall', afterBytes: 1 });
    let readBytes = 0;
    async function* counted(): AsyncGenerator<Buffer> {
      for await (const bytes of inPieces(Buffer.alloc(8 * MiB), 100_000)) {
        readBytes += bytes.length;
        yield bytes;
      }
    }
    const one = writer({ limits: { inFlightBytes: 100_000, tightBytes: 100_000, patienceMs: 50, stallMs: 200 } });
    const written = await Promise.allSettled([one.write(counted(), body), one.write(counted(), body)]);
    expect(written.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(readBytes).toBeLessThan(4 * MiB);
  });

  it('drops the late copies of good chunks when all together hold too much', async () => {
    cluster = await startFakeCluster(3);
    setFault([0], { kind: 'stall', afterBytes: 1000 });
    const one = writer({ lateReceiptMs: 50, limits: { inFlightBytes: 100_000, patienceMs: 50 } });
    expect((await one.write([Buffer.alloc(4 * MiB)], body))[0]!.nodeIds).toHaveLength(2);
    const stalled = cluster.nodes[0]!.node;
    expect(cluster.datanodes.busyOn(stalled)).toBe(1);
    expect((await one.write([Buffer.alloc(9)], body))[0]!.nodeIds).toHaveLength(3);
    await expect.poll(() => cluster.datanodes.busyOn(stalled)).toBe(0);
  });

  it('stops at the signal, and when the source throws, with all its calls', async () => {
    cluster = await startFakeCluster(3);
    setFault([0, 1, 2], { kind: 'late' });
    const controller = new AbortController();
    const written = writer().write([Buffer.alloc(9)], { ...body, signal: controller.signal });
    await expect.poll(shown).toBe(3);
    controller.abort(new Error('the client went away'));
    await expect(written).rejects.toThrow('the client went away');
    await expect(writer().write(breaks(), body)).rejects.toThrow('the source broke');
    await expect.poll(() => cluster.nodes.map(({ node }) => cluster.datanodes.busyOn(node))).toEqual([0, 0, 0]);
  });

  it('avoids a node that could not be reached a moment ago', async () => {
    cluster = await startFakeCluster(4);
    await cluster.nodes[0]!.stop();
    await cluster.datanodes
      .in(cluster.view, cluster.nodes[0]!.node)
      .client.call('ping', {}, { timeoutMs: 1000 })
      .catch(() => undefined);
    await cluster.datanodes
      .in(cluster.view, cluster.nodes[0]!.node)
      .client.call('ping', {}, { timeoutMs: 1000 })
      .catch(() => undefined);
    expect(cluster.datanodes.isAway(cluster.nodes[0]!.node)).toBe(true);
    const chunks = await writer().write([Buffer.alloc(9)], body);
    expect(new Set(chunks[0]!.nodeIds)).toEqual(new Set(cluster.nodes.slice(1).map(({ node }) => node.nodeId)));
    cluster.nodes.shift();
  });
});
