import { expect } from 'vitest';
import { MetadataWorld, quorum } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { StoreUnderTest } from '../store-under-test.js';
import type { Scenarios } from '../transaction-suite.js';

async function underIds(store: StoreUnderTest): Promise<string[]> {
  const { chunks } = await store.read('listUnder', { after: null, committedBeforeMs: 1e15, limit: 100 });
  return chunks.map(({ id }) => id);
}

export const replicaScenarios: Scenarios = {
  'receipts of unknown, quarantined, lost and unproven nodes do not count': async (store) => {
    const world = await MetadataWorld.start(store);
    const setState = (n: number, state: 'quarantined' | 'repairing' | 'suspect') =>
      store.write('setNodeState', { nodeId: world.node(n), state, reason: null, boot: null, nowMs: world.nowMs });
    await refused(world.put(world.bucket, 'k', 1, { chunks: [world.chunk(1, [1, 9])] }), 'receipts-too-few');
    await refused(world.put(world.bucket, 'k', 1, { chunks: [world.chunk(1, [1, 1])] }), 'receipts-too-few');
    await store.write('registerManualNode', { nodeId: world.node(8), address: 'http://x', nowMs: world.nowMs });
    await refused(world.put(world.bucket, 'k', 1, { chunks: [world.chunk(1, [1, 8])] }), 'receipts-too-few');
    await setState(2, 'quarantined');
    await refused(world.put(world.bucket, 'k', 1, { chunks: [world.chunk(1, [1, 2])] }), 'receipts-too-few');
    await setState(2, 'repairing');
    await refused(world.put(world.bucket, 'k', 1, { chunks: [world.chunk(1, [1, 2])] }), 'receipts-too-few');
    await setState(2, 'suspect');
    await world.put(world.bucket, 'k', 1, { chunks: [world.chunk(1, [1, 2])] });
  },

  'copies on one host are enough only where no other host could take one': async (store) => {
    const world = new MetadataWorld(store);
    await world.addNode(1, { host: 'h' });
    await world.addNode(2, { host: 'h' });
    await world.addNode(3, { host: 'i' });
    const bucket = await world.createBucket('first');
    const put = () => world.put(bucket, 'k', 1, { chunks: [world.chunk(1, [1, 2])] });
    await refused(put(), 'receipts-too-few');
    await world.addNode(3, { host: 'i', condition: 'read-only' });
    await put();
  },

  'a chunk with too few copies is listed until it has them': async (store) => {
    const world = await MetadataWorld.start(store);
    const two = world.chunk(1, [1, 2]);
    const three = world.chunk(2, [1, 2, 3]);
    await world.put(world.bucket, 'k', 3, { chunks: [two, three] });
    expect(await underIds(store)).toEqual([two.id]);
    const { id, lengthBytes, crc32c } = two;
    const add = (more: object) =>
      store.write('addReplicas', { chunks: [{ id, lengthBytes, crc32c, nodeIds: [world.node(3)], ...more }], replicationFactor: 3 });
    await add({ crc32c: crc32c + 1 });
    await add({ nodeIds: [world.node(2), world.node(9)] });
    await add({ id: world.chunkId() });
    expect(await underIds(store)).toEqual([two.id]);
    await add({});
    await add({});
    expect(await underIds(store)).toEqual([]);
    expect((await store.read('getChunk', { id }))?.nodeNumbers).toEqual([1, 2, 3]);
    expect(await store.read('statistics', {})).toMatchObject({ under: 0 });
  },

  'fewest copies come first, young ones are left out, pages follow each other': async (store) => {
    const world = await MetadataWorld.start(store);
    const put = async (nodes: number[]) => {
      const chunk = world.chunk(1, nodes);
      await world.put(world.bucket, `k${chunk.id}`, 1, { chunks: [chunk], writeQuorum: 1 });
      return chunk.id;
    };
    const [a, b, c] = [await put([1, 2]), await put([3]), await put([1, 3])];
    world.nowMs += 1000;
    await put([1]);
    const page = (after: { copies: number; id: string } | null) =>
      store.read('listUnder', { after, committedBeforeMs: world.nowMs - 1, limit: 2 });
    const first = await page(null);
    expect(first.chunks.map(({ id, copies }) => [id, copies])).toEqual([
      [b, 1],
      [a, 2],
    ]);
    expect((await page(first.nextAfter)).chunks.map(({ id }) => id)).toEqual([c]);
  },

  'a copy that is lost is taken out, and the row stays when it was the last': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunk = world.chunk(1);
    await world.put(world.bucket, 'k', 1, { chunks: [chunk] });
    const drop = (n: number, found: 'missing' | 'damaged') =>
      store.write('dropReplica', { id: chunk.id, nodeId: world.node(n), found, replicationFactor: 3, nowMs: world.nowMs });
    expect(await drop(1, 'damaged')).toEqual({ dropped: true, kept: false, copies: 2 });
    expect(await drop(1, 'missing')).toEqual({ dropped: false, kept: false, copies: 2 });
    expect(await underIds(store)).toEqual([chunk.id]);
    await drop(2, 'missing');
    expect(await drop(3, 'missing')).toEqual({ dropped: true, kept: false, copies: 0 });
    expect(await store.read('getChunk', { id: chunk.id })).toMatchObject({ nodeNumbers: [], state: 'present' });
    expect(await store.read('statistics', {})).toMatchObject({ under: 1, chunks: 1 });
  },

  'a damaged copy stays on record when no other is left, and makes room for one that is made later': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunk = world.chunk(1);
    await world.put(world.bucket, 'k', 1, { chunks: [chunk] });
    const drop = (n: number) =>
      store.write('dropReplica', { id: chunk.id, nodeId: world.node(n), found: 'damaged', replicationFactor: 3, nowMs: world.nowMs });
    await drop(1);
    await drop(2);
    expect(await drop(3)).toEqual({ dropped: false, kept: true, copies: 1 });
    expect(await drop(3)).toEqual({ dropped: false, kept: true, copies: 1 });
    expect(await store.read('getChunk', { id: chunk.id })).toMatchObject({ nodeNumbers: [3], state: 'present' });
    expect(await underIds(store)).toEqual([chunk.id]);
    expect(await store.read('statistics', {})).toMatchObject({ under: 1, chunks: 1 });
    const { id, lengthBytes, crc32c } = chunk;
    await store.write('addReplicas', { chunks: [{ id, lengthBytes, crc32c, nodeIds: [world.node(2)] }], replicationFactor: 3 });
    expect(await drop(3)).toEqual({ dropped: true, kept: false, copies: 1 });
    expect((await store.read('getChunk', { id }))?.nodeNumbers).toEqual([2]);
  },

  'a damaged copy stays on record also where one copy is all that is wanted': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunk = world.chunk(1, [1]);
    await world.put(world.bucket, 'k', 1, { chunks: [chunk], writeQuorum: 1, replicationFactor: 1 });
    const drop = { id: chunk.id, nodeId: world.node(1), found: 'damaged', replicationFactor: 1, nowMs: world.nowMs } as const;
    expect(await store.write('dropReplica', drop)).toEqual({ dropped: false, kept: true, copies: 1 });
    expect((await store.read('getChunk', { id: chunk.id }))?.nodeNumbers).toEqual([1]);
    expect(await underIds(store)).toEqual([]);
  },

  'copies of a chunk that is gone are owed a delete, those of any other are not': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunk = world.chunk(1, [1, 2]);
    const nodeIds = [1, 2, 3, 9].map((n) => world.node(n));
    const doom = (id: string) => store.write('doomCopies', { id, nodeIds });
    await world.put(world.bucket, 'k', 1, { chunks: [chunk] });
    expect(await doom(chunk.id)).toEqual({ doomed: 0 });

    const id = world.chunkId();
    const facts = { id, lengthBytes: 4, crc32c: 4, generation: 1, replicationFactor: 3 };
    await store.write('reportChunk', { ...facts, nodeId: world.node(1), nowMs: world.nowMs });
    expect(await doom(id)).toEqual({ doomed: 0 });
    await store.write('deleteRestObject', { id, nowMs: world.nowMs });
    expect(await doom(id)).toEqual({ doomed: 2 });
    expect(await world.workGarbage()).toBe(1);
    expect(await doom(id)).toEqual({ doomed: 0 });
    expect(await store.read('statistics', {})).toMatchObject({ doomed: 3 });
    expect((await store.read('doomedOn', { nodeNumber: 3, afterId: null, limit: 10 })).ids).toEqual([id]);
  },

  'chunks are scanned by id, those of one node too': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunks = [world.chunk(1, [1, 2]), world.chunk(2, [2, 3]), world.chunk(3, [1, 3])];
    await world.put(world.bucket, 'k', 6, { chunks });
    const first = await store.read('scanChunks', { afterId: null, limit: 2 });
    expect(first.chunks.map(({ id }) => id)).toEqual(chunks.slice(0, 2).map(({ id }) => id));
    const second = await store.read('scanChunks', { afterId: first.nextAfterId, limit: 2 });
    expect(second).toMatchObject({ chunks: [{ id: chunks[2]!.id, nodeNumbers: [1, 3] }], nextAfterId: null });
    const onNode = await store.read('chunksOnNode', { nodeNumber: 1, afterId: null, limit: 3 });
    expect(onNode.chunks.map(({ id }) => id)).toEqual([chunks[0]!.id, chunks[2]!.id]);
    expect(onNode.nextAfterId).toBe(chunks[2]!.id);
  },

  'a copy that a node is still to delete is never added again': async (store) => {
    const world = await MetadataWorld.start(store);
    const id = world.chunkId();
    const facts = { id, lengthBytes: 4, crc32c: 4, generation: 1, replicationFactor: 3 };
    const report = (n: number) => store.write('reportChunk', { ...facts, nodeId: world.node(n), nowMs: world.nowMs });
    await report(1);
    await store.write('deleteRestObject', { id, nowMs: world.nowMs });
    expect(await world.workGarbage()).toBe(1);
    await refused(report(1), 'object-exists');
    await report(2);
    await store.write('addReplicas', { chunks: [{ ...facts, nodeIds: [world.node(1), world.node(3)] }], replicationFactor: 3 });
    expect((await store.read('getChunk', { id }))?.nodeNumbers).toEqual([2, 3]);
    await store.write('confirmDeleted', { nodeNumber: 1, ids: [id] });
    await store.write('addReplicas', { chunks: [{ ...facts, nodeIds: [world.node(1)] }], replicationFactor: quorum.replicationFactor });
    expect((await store.read('getChunk', { id }))?.nodeNumbers).toEqual([1, 2, 3]);
  },
};
