import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import type { ManifestChunk, ManifestPage } from '../model/object.js';
import { startFakeCluster, type FakeCluster, type FakeDatanode, type Fault } from '../testing/fake-datanode.js';
import { ChunkReader, type BadReplica, type ChunkReaderOptions, type ReadableObject } from './chunk-reader.js';

const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const KiB = 1024;
let cluster: FakeCluster;
let bad: BadReplica[];

beforeEach(async () => {
  bad = [];
  cluster = await startFakeCluster(3);
});

afterEach(() => cluster.stop());

/** Nodes are asked in the order of their zones: the first one is nearest, and the rest are as good as each other. */
function reader(options: Partial<ChunkReaderOptions> = {}): ChunkReader {
  const { datanodes, view } = cluster;
  return new ChunkReader({ datanodes, view: () => view, zone: 'zone-0', onBadReplica: (replica) => bad.push(replica), ...options }, parts);
}

/** Stores a chunk on some nodes (by index) and answers its place in a manifest. */
function store(bytes: Buffer, on = [0, 1, 2], place: Partial<ManifestChunk> = {}): ManifestChunk {
  const id = systemRandom.uuidV4();
  for (const index of on) cluster.nodes[index]!.chunks.set(id, bytes);
  const facts = { id, lengthBytes: bytes.length, crc32c: crc32c(bytes) };
  return { ...facts, objectOffsetBytes: 0, skipBytes: 0, useBytes: bytes.length, nodeNumbers: on.map((index) => index + 1), ...place };
}

function objectOf(chunks: ManifestChunk[], fresh: (offsetBytes: number) => ManifestPage = () => page(chunks)): ReadableObject {
  return { manifest: page(chunks), manifestFrom: (offsetBytes) => Promise.resolve(fresh(offsetBytes)) };
}

function page(chunks: ManifestChunk[]): ManifestPage {
  return { chunks, nextOffsetBytes: null };
}

async function readAll(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const bytes of source) pieces.push(bytes);
  return Buffer.concat(pieces);
}

function whole(chunk: ManifestChunk): { startBytes: number; endBytes: number } {
  return { startBytes: 0, endBytes: chunk.useBytes };
}

function node(index: number): FakeDatanode {
  return cluster.nodes[index]!;
}

describe('reading', () => {
  it.each([1, 4096, 256 * KiB, 256 * KiB + 1, 1_000_000])('gives back a chunk of %i bytes', async (size) => {
    const bytes = systemRandom.bytes(size);
    const chunk = store(bytes);
    expect((await readAll(reader().read(objectOf([chunk]), whole(chunk)))).equals(bytes)).toBe(true);
    expect(bad).toEqual([]);
  });

  it('gives exactly the range that is asked for, over slices of chunks and pages of the manifest', async () => {
    const stored = [systemRandom.bytes(300 * KiB), systemRandom.bytes(1000), systemRandom.bytes(700_000)];
    const slices = [
      { bytes: stored[0]!, skipBytes: 70_000, useBytes: 200_000 },
      { bytes: stored[1]!, skipBytes: 0, useBytes: 1000 },
      { bytes: stored[2]!, skipBytes: 1, useBytes: 600_000 },
    ];
    const pages: ManifestPage[] = [];
    const parts: Buffer[] = [];
    let objectOffsetBytes = 0;
    for (const { bytes, skipBytes, useBytes } of slices) {
      const chunk = store(bytes, [0, 1, 2], { objectOffsetBytes, skipBytes, useBytes });
      objectOffsetBytes += useBytes;
      pages.push({ chunks: [chunk], nextOffsetBytes: objectOffsetBytes });
      parts.push(bytes.subarray(skipBytes, skipBytes + useBytes));
    }
    const object = Buffer.concat(parts);
    const manifestFrom = (offsetBytes: number) => Promise.resolve(pages.find(({ nextOffsetBytes }) => offsetBytes < nextOffsetBytes!)!);
    const edges = fc.constantFrom(
      0,
      1,
      199_999,
      200_000,
      200_999,
      201_000,
      201_001,
      65_535 - 70_000 + 131_072,
      object.length - 1,
      object.length,
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(edges, fc.nat(object.length)), fc.oneof(edges, fc.nat(object.length)), async (one, other) => {
        const range = { startBytes: Math.min(one, other), endBytes: Math.max(one, other) };
        const got = await readAll(reader().read({ manifest: pages[0]!, manifestFrom }, range));
        expect(got.equals(object.subarray(range.startBytes, range.endBytes))).toBe(true);
      }),
      { numRuns: 40 },
    );
    expect(bad).toEqual([]);
  });

  it('asks the node in its own zone, and among equals the least busy one', async () => {
    const chunk = store(systemRandom.bytes(100));
    await readAll(reader().read(objectOf([chunk]), whole(chunk)));
    expect(cluster.nodes.map(({ reads }) => reads)).toEqual([1, 0, 0]);
    const leave = [1, 2].map((index) => cluster.datanodes.in(cluster.view, node(index).node).enter());
    await readAll(reader({ zone: null }).read(objectOf([chunk]), whole(chunk)));
    for (const left of leave) left();
    expect(node(0).reads).toBe(2);
  });

  it.each(['suspect', 'quarantined', 'down', 'repairing'] as const)('asks a node that is %s last, but asks it', async (state) => {
    const bytes = systemRandom.bytes(100);
    const chunk = store(bytes, [0, 1]);
    node(0).node.state = state;
    await readAll(reader().read(objectOf([chunk]), whole(chunk)));
    expect([node(0).reads, node(1).reads]).toEqual([0, 1]);
    node(1).fault = { kind: 'refuse', code: 'chunk-unknown' };
    expect(await readAll(reader().read(objectOf([chunk]), whole(chunk)))).toEqual(bytes);
    expect(node(1).shown).toBe(1);
  });

  it('stops the node when its reader goes away in the middle', async () => {
    const chunk = store(systemRandom.bytes(6_000_000));
    for await (const bytes of reader().read(objectOf([chunk]), whole(chunk))) {
      expect(bytes.length).toBeGreaterThan(0);
      break;
    }
    expect(cluster.nodes.map(({ node }) => cluster.datanodes.busyOn(node))).toEqual([0, 0, 0]);
  });
});

describe('a copy that fails', () => {
  const cases: { fault: Fault; problem: BadReplica['problem'] | null; size: number }[] = [
    { fault: { kind: 'refuse', code: 'chunk-unknown' }, problem: 'missing', size: 500 },
    { fault: { kind: 'refuse', code: 'chunk-damaged' }, problem: 'damaged', size: 500 },
    { fault: { kind: 'refuse', code: 'slow-down' }, problem: null, size: 500 },
    { fault: { kind: 'flip', atByte: 77 }, problem: 'damaged', size: 500 },
    { fault: { kind: 'flip', atByte: 1_500_000 }, problem: 'damaged', size: 2_000_001 },
    { fault: { kind: 'flip', atByte: 2_000_000 }, problem: 'damaged', size: 2_000_001 },
    { fault: { kind: 'other-bytes' }, problem: 'damaged', size: 2_000_001 },
    { fault: { kind: 'other-facts' }, problem: 'damaged', size: 500 },
    { fault: { kind: 'die', afterBytes: 1_000_000 }, problem: null, size: 2_000_001 },
    { fault: { kind: 'stall', afterBytes: 1_000_000 }, problem: null, size: 2_000_001 },
    { fault: { kind: 'stall', afterBytes: 0 }, problem: null, size: 500 },
  ];

  it.each(cases)('is followed by the next at the same byte: $fault with $size bytes', async ({ fault, problem, size }) => {
    const bytes = systemRandom.bytes(size);
    const chunk = store(bytes);
    node(0).fault = fault;
    const got = await readAll(reader({ limits: { headMs: 1000, pieceMs: 1000 } }).read(objectOf([chunk]), whole(chunk)));
    expect(got.equals(bytes)).toBe(true);
    expect(node(0).shown).toBe(1);
    expect(bad).toEqual(problem === null ? [] : [{ id: chunk.id, nodeId: node(0).node.nodeId, problem }]);
  });

  it('is followed by the next when nobody listens on its node any more', async () => {
    const bytes = systemRandom.bytes(500);
    const chunk = store(bytes);
    await node(0).stop();
    expect(await readAll(reader().read(objectOf([chunk]), whole(chunk)))).toEqual(bytes);
    expect(bad).toEqual([]);
    cluster.nodes.shift();
  });

  it('is asked again behind its damaged block when the others are damaged elsewhere', async () => {
    const bytes = systemRandom.bytes(2_000_001);
    const chunk = store(bytes, [0, 1]);
    node(0).fault = { kind: 'flip', atByte: 500_000 };
    node(1).fault = { kind: 'flip', atByte: 1_500_000 };
    expect((await readAll(reader().read(objectOf([chunk]), whole(chunk)))).equals(bytes)).toBe(true);
    expect(cluster.nodes.map(({ reads }) => reads)).toEqual([2, 1, 0]);
    expect(bad).toEqual([0, 1].map((index) => ({ id: chunk.id, nodeId: node(index).node.nodeId, problem: 'damaged' })));
  });

  it('gives out nothing of a block before all of it was checked', async () => {
    const bytes = systemRandom.bytes(600_000);
    const chunk = store(bytes, [0]);
    node(0).fault = { kind: 'flip', atByte: 300_000 };
    let soundBytes = 0;
    const read = async (): Promise<void> => {
      for await (const piece of reader().read(objectOf([chunk]), whole(chunk))) {
        expect(piece.equals(bytes.subarray(soundBytes, soundBytes + piece.length))).toBe(true);
        soundBytes += piece.length;
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'replicas-unreadable' });
    expect(soundBytes).toBe(4 * 64 * KiB);
  });

  it('makes the reader ask for a fresh manifest once when all have failed, and finds the copy that moved', async () => {
    const bytes = systemRandom.bytes(500);
    const moved = store(bytes, [2]);
    const stale = { ...moved, nodeNumbers: [1, 2] };
    let asked = 0;
    const object = objectOf([stale], () => {
      asked += 1;
      return page([moved]);
    });
    expect(await readAll(reader().read(object, whole(stale)))).toEqual(bytes);
    expect(asked).toBe(1);
    expect(bad.map(({ problem }) => problem)).toEqual(['missing', 'missing']);
  });

  it('is not asked again when the fresh manifest names it again, and then the read is refused', async () => {
    const chunk = store(systemRandom.bytes(500));
    for (const each of cluster.nodes) each.fault = { kind: 'flip', atByte: 3 };
    await expect(readAll(reader().read(objectOf([chunk]), whole(chunk)))).rejects.toMatchObject({ code: 'replicas-unreadable' });
    expect(cluster.nodes.map(({ shown }) => shown)).toEqual([1, 1, 1]);
    expect(bad).toHaveLength(3);
  });

  it('is asked once more after the fresh manifest when it could not be reached', async () => {
    const bytes = systemRandom.bytes(500);
    const chunk = store(bytes, [1]);
    node(1).fault = { kind: 'refuse', code: 'slow-down' };
    const object = objectOf([chunk], () => {
      node(1).recover();
      return page([chunk]);
    });
    expect(await readAll(reader().read(object, whole(chunk)))).toEqual(bytes);
    expect(node(1).shown).toBe(1);
  });
});
