import { expect } from 'vitest';
import { MetadataWorld, quorum } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { StoreUnderTest } from '../store-under-test.js';
import type { Scenarios } from '../transaction-suite.js';

const hourMs = 3_600_000;

/** What clients of the REST API do with one object. */
async function restObject(store: StoreUnderTest) {
  const world = await MetadataWorld.start(store);
  const id = world.chunkId();
  const facts = { id, lengthBytes: 8, crc32c: 5, generation: 1, replicationFactor: 3 };
  return {
    world,
    id,
    init: () => store.write('initRestUpload', { id, sizeHintBytes: 9, nowMs: world.nowMs, expiresMs: world.nowMs + hourMs }),
    report: (n: number, more: object = {}) => store.write('reportChunk', { ...facts, nodeId: world.node(n), nowMs: world.nowMs, ...more }),
    complete: () => store.write('completeRestUpload', { id, ...quorum, nowMs: world.nowMs }),
    get: () => store.read('getRestObject', { id }),
    remove: () => store.write('deleteRestObject', { id, nowMs: world.nowMs }),
  };
}

export const restScenarios: Scenarios = {
  'an upload completes when W copies are reported': async (store) => {
    const { init, report, complete, get } = await restObject(store);
    await init();
    await refused(init(), 'object-exists');
    expect(await get()).toEqual({ complete: false, chunk: null, sizeHintBytes: 9 });
    await refused(complete(), 'object-incomplete');
    await report(1);
    await report(1);
    await expect(complete()).rejects.toThrow('1 of 2 copies');
    await report(2);
    await complete();
    await complete();
    expect(await get()).toMatchObject({ complete: true, chunk: { kind: 'rest', lengthBytes: 8, nodeNumbers: [1, 2] } });
    expect(await store.read('statistics', {})).toMatchObject({ restObjects: 1, chunks: 1, under: 1 });
  },

  'copies must agree': async (store) => {
    const { init, report, world } = await restObject(store);
    await init();
    await report(1);
    await refused(report(2, { lengthBytes: 9 }), 'chunk-conflict');
    await refused(report(2, { crc32c: 6 }), 'chunk-conflict');
    await refused(report(7), 'node-unknown');
    await store.write('setNodeState', { nodeId: world.node(3), state: 'quarantined', reason: 'disk', boot: 1, nowMs: world.nowMs });
    await refused(report(3), 'node-closed');
  },

  'what was never announced is complete with its first copy, and wants more': async (store) => {
    const { report, get, world, id } = await restObject(store);
    await refused(get(), 'object-unknown');
    await report(1);
    expect(await get()).toMatchObject({ complete: true, sizeHintBytes: null });
    const under = await store.read('listUnder', { after: null, committedBeforeMs: world.nowMs, limit: 9 });
    expect(under.chunks).toMatchObject([{ id, copies: 1, sinceMs: world.nowMs }]);
    await report(2);
    await report(3);
    expect(await store.read('statistics', {})).toMatchObject({ under: 0 });
  },

  'a deleted object is hidden at once, and its copies are deleted like others': async (store) => {
    const { init, report, complete, get, remove, world } = await restObject(store);
    await refused(remove(), 'object-unknown');
    await init();
    await report(1);
    await report(2);
    await complete();
    await remove();
    await refused(get(), 'object-unknown');
    await refused(remove(), 'object-unknown');
    await refused(complete(), 'object-unknown');
    await refused(report(3), 'object-exists');
    await refused(init(), 'object-exists');
    expect(await world.workGarbage()).toBe(1);
    expect(await store.read('statistics', {})).toMatchObject({ restObjects: 0, chunks: 0, under: 0, doomed: 2 });
    await init();
  },

  'an upload that is not completed in time goes, with its copies': async (store) => {
    const { init, report, get, world } = await restObject(store);
    await init();
    await report(1);
    expect(await store.write('expireRestUploads', { nowMs: world.nowMs + hourMs - 1, limit: 10 })).toEqual({ removed: 0 });
    world.nowMs += hourMs;
    expect(await store.write('expireRestUploads', { nowMs: world.nowMs, limit: 10 })).toEqual({ removed: 1 });
    await refused(get(), 'object-unknown');
    expect(await world.workGarbage()).toBe(1);
  },
};
