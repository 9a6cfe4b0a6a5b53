import { expect } from 'vitest';
import type { NodeState } from '../../model/node.js';
import { MetadataWorld, quorum, type Bucket } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { StoreUnderTest } from '../store-under-test.js';
import type { Scenarios } from '../transaction-suite.js';

const { replicationFactor } = quorum;
const lostAtMs = 7;

/** Four nodes, of which the first is about to be given up. */
async function start(store: StoreUnderTest) {
  const world: MetadataWorld & { bucket: Bucket } = await MetadataWorld.start(store);
  await world.addNode(4);
  const nodeId = world.node(1);
  return {
    world,
    nodeId,
    stand: (n: number, state: NodeState, nowMs = lostAtMs) =>
      store.write('setNodeState', { nodeId: world.node(n), state, reason: null, boot: null, nowMs }),
    drop: (ids: string[], more: object = {}) =>
      store.write('dropLostCopies', { nodeId, stateSinceMs: lostAtMs, ids, replicationFactor, ...more }),
    forget: (more: object = {}) => store.write('forgetNode', { nodeId, stateSinceMs: lostAtMs, nowMs: world.nowMs, ...more }),
    nodesOf: async (id: string) => (await store.read('getChunk', { id }))?.nodeNumbers,
    put: async (nodes: number[]) => {
      const chunk = world.chunk(1, nodes);
      await world.put(world.bucket, `key of ${chunk.id}`, 1, { chunks: [chunk] });
      return chunk;
    },
  };
}

export const forgottenScenarios: Scenarios = {
  'a lost node leaves the rows of chunks that have all their copies elsewhere, and no others': async (store) => {
    const { world, put, stand, drop, nodesOf } = await start(store);
    const [whole, short, elsewhere] = [await put([1, 2, 3, 4]), await put([1, 2, 3]), await put([2, 3, 4])];
    await stand(1, 'repairing');
    const ids = [whole.id, short.id, elsewhere.id, world.chunkId()];
    expect(await drop(ids)).toEqual({ short: 1 });
    expect(await Promise.all([whole, short, elsewhere].map(({ id }) => nodesOf(id)))).toEqual([
      [2, 3, 4],
      [1, 2, 3],
      [2, 3, 4],
    ]);
    const { id, lengthBytes, crc32c } = short;
    await store.write('addReplicas', { chunks: [{ id, lengthBytes, crc32c, nodeIds: [world.node(4)] }], replicationFactor });
    expect(await drop(ids)).toEqual({ short: 0 });
    expect(await drop([])).toEqual({ short: 0 });
    expect(await nodesOf(short.id)).toEqual([2, 3, 4]);
    expect(await store.read('statistics', {})).toMatchObject({ chunks: 3, under: 0 });
  },

  'copies on nodes that are silent, lost, quarantined or being checked are not enough to give up one': async (store) => {
    const { put, stand, drop } = await start(store);
    const { id } = await put([1, 2, 3, 4]);
    await stand(1, 'repairing');
    for (const state of ['suspect', 'down', 'repairing', 'quarantined', 'returned'] as const) {
      await stand(4, state);
      expect(await drop([id])).toEqual({ short: 1 });
    }
    await stand(4, 'draining');
    expect(await drop([id])).toEqual({ short: 0 });
  },

  'chunks that nobody can read yet or any more keep no node': async (store) => {
    const { world, stand, drop, nodesOf, nodeId } = await start(store);
    const [pending, deleted] = [world.chunkId(), world.chunkId()];
    await store.write('initRestUpload', { id: pending, sizeHintBytes: null, nowMs: world.nowMs, expiresMs: world.nowMs + 1 });
    for (const id of [pending, deleted]) {
      const facts = { id, lengthBytes: 4, crc32c: 4, generation: 1, replicationFactor };
      await store.write('reportChunk', { ...facts, nodeId, nowMs: world.nowMs });
      await store.write('reportChunk', { ...facts, nodeId: world.node(2), nowMs: world.nowMs });
    }
    await store.write('deleteRestObject', { id: deleted, nowMs: world.nowMs });
    await stand(1, 'repairing');
    expect(await drop([pending, deleted])).toEqual({ short: 0 });
    expect([await nodesOf(pending), await nodesOf(deleted)]).toEqual([[2], [2]]);
    expect(await world.workGarbage()).toBe(1);
    expect(await store.read('statistics', {})).toMatchObject({ doomed: 1 });
  },

  'only a node that counts for nothing is given up, and only as it stood when its copies were looked at': async (store) => {
    const { put, stand, drop, forget } = await start(store);
    const { id } = await put([1, 2, 3, 4]);
    for (const state of ['live', 'draining', 'suspect', 'down', 'returned'] as const) {
      await stand(1, state);
      await refused(drop([id]), 'node-present');
      await refused(forget(), 'node-present');
    }
    for (const state of ['repairing', 'quarantined'] as const) {
      await stand(1, state, lostAtMs);
      await refused(drop([id], { stateSinceMs: lostAtMs - 1 }), 'node-present');
      await refused(forget({ stateSinceMs: lostAtMs + 1 }), 'node-present');
    }
    // It came back and was lost again: what it took meanwhile was not looked at.
    await stand(1, 'returned', lostAtMs + 1);
    await stand(1, 'repairing', lostAtMs + 2);
    await refused(forget(), 'node-present');
    expect(await drop([id], { stateSinceMs: lostAtMs + 2 })).toEqual({ short: 0 });
    await forget({ stateSinceMs: lostAtMs + 2 });
    await refused(drop([id], { nodeId: 'nobody' }), 'node-unknown');
    await refused(forget({ nodeId: 'nobody' }), 'node-unknown');
  },

  'a forgotten node is gone, and nothing that it says or that is said of it counts any more': async (store) => {
    const { world, put, stand, drop, forget, nodeId, nodesOf } = await start(store);
    const chunk = await put([1, 2, 3, 4]);
    await stand(1, 'repairing');
    await drop([chunk.id]);
    await forget();
    expect((await store.read('listNodes', {})).nodes.map(({ nodeNumber }) => nodeNumber)).toEqual([2, 3, 4]);
    await refused(forget(), 'node-unknown');
    await refused(stand(1, 'live'), 'node-unknown');
    await refused(store.write('recordLogMark', { nodeId, boot: 1, sequence: 1, digest: 'd' }), 'node-unknown');
    await refused(world.addNode(1, { boot: 2 }), 'node-forgotten');
    await refused(store.write('registerManualNode', { nodeId, address: 'http://x', nowMs: 1 }), 'node-forgotten');

    await refused(world.put(world.bucket, 'k', 1, { chunks: [world.chunk(1, [1, 2])] }), 'receipts-too-few');
    const { id, lengthBytes, crc32c } = chunk;
    await store.write('addReplicas', { chunks: [{ id, lengthBytes, crc32c, nodeIds: [nodeId] }], replicationFactor: 4 });
    expect(await nodesOf(id)).toEqual([2, 3, 4]);
    const report = { id: world.chunkId(), lengthBytes: 4, crc32c: 4, generation: 1, replicationFactor, nodeId, nowMs: world.nowMs };
    await refused(store.write('reportChunk', report), 'node-unknown');
    expect(await store.write('doomCopies', { id: world.chunkId(), nodeIds: [nodeId] })).toEqual({ doomed: 0 });
  },

  'the number of a forgotten node is never given to another': async (store) => {
    const { world, stand, forget } = await start(store);
    await stand(4, 'repairing');
    await forget({ nodeId: world.node(4) });
    expect(await world.addNode(5)).toBe(5);
    await stand(5, 'quarantined');
    await forget({ nodeId: world.node(5) });
    expect(await store.write('registerManualNode', { nodeId: 'by hand', address: 'http://x', nowMs: lostAtMs })).toMatchObject({
      nodeNumber: 6,
    });
  },

  'a node that was only named by hand leaves nothing behind, so its volume may come': async (store) => {
    const { world, forget } = await start(store);
    const nodeId = world.node(5);
    await store.write('registerManualNode', { nodeId, address: 'http://x', nowMs: lostAtMs });
    await forget({ nodeId });
    expect((await store.read('listNodes', {})).nodes).toHaveLength(4);
    expect(await world.addNode(5)).toBe(6);
  },

  'what a forgotten node was still to delete is written off': async (store) => {
    const { world, put, stand, forget, drop } = await start(store);
    const chunk = await put([1, 2, 3]);
    await world.delete(world.bucket, `key of ${chunk.id}`);
    expect(await world.workGarbage()).toBe(1);
    expect(await store.read('doomedOnForgotten', { limit: 10 })).toBeNull();
    await stand(1, 'repairing');
    expect(await drop([chunk.id])).toEqual({ short: 0 });
    await forget();
    const doomed = await store.read('doomedOnForgotten', { limit: 10 });
    expect(doomed).toEqual({ nodeNumber: 1, ids: [chunk.id] });
    await store.write('confirmDeleted', doomed!);
    expect(await store.read('doomedOnForgotten', { limit: 10 })).toBeNull();
    expect(await store.read('statistics', {})).toMatchObject({ doomed: 2 });
  },
};
