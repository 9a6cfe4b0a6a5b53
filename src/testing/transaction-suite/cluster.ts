import { expect } from 'vitest';
import { MetadataWorld, numbered } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { Scenarios } from '../transaction-suite.js';

export const clusterScenarios: Scenarios = {
  'the cluster gets its id once': async (store) => {
    expect((await store.read('getSettings', {})).clusterId).toBeNull();
    await store.write('initCluster', { clusterId: numbered('c1000000', 1) });
    await store.write('initCluster', { clusterId: numbered('c1000000', 1) });
    await refused(store.write('initCluster', { clusterId: numbered('c1000000', 2) }), 'cluster-foreign');
    expect(await store.read('getSettings', {})).toMatchObject({ clusterId: numbered('c1000000', 1), generation: 1 });
  },

  'each reign is above all that are known': async (store) => {
    const begin = (knownEpoch: number, takeOver = false) =>
      store.write('beginReign', { reignId: numbered('4e190000', knownEpoch), knownEpoch, takeOver });
    expect(await begin(0)).toEqual({ epoch: 1 });
    expect(await begin(7)).toEqual({ epoch: 8 });
    expect(await begin(2)).toEqual({ epoch: 9 });
    expect(await store.read('getSettings', {})).toMatchObject({ epoch: 9, reignId: numbered('4e190000', 2), fenced: false });
  },

  'a master that was outbid does not begin again unless it is told to': async (store) => {
    await store.write('beginReign', { reignId: 'a', knownEpoch: 0, takeOver: false });
    await store.write('markFenced', { epoch: 5 });
    expect(await store.read('getSettings', {})).toMatchObject({ epoch: 5, fenced: true });
    await refused(store.write('beginReign', { reignId: 'b', knownEpoch: 0, takeOver: false }), 'reign-stale');
    expect(await store.write('beginReign', { reignId: 'b', knownEpoch: 0, takeOver: true })).toEqual({ epoch: 6 });
    expect(await store.read('getSettings', {})).toMatchObject({ fenced: false });
  },

  'a controller is believed until one of a later election was': async (store) => {
    const accept = (electionEpoch: number) => store.write('acceptElection', { electionEpoch });
    expect(await store.read('getSettings', {})).toMatchObject({ electionEpoch: 0 });
    await accept(4);
    await accept(4);
    await refused(accept(3), 'observer-stale');
    await accept(9);
    await refused(accept(4), 'observer-stale');
    expect(await store.read('getSettings', {})).toMatchObject({ electionEpoch: 9 });
  },

  'a node keeps its number and its state, and gives way to a later start': async (store) => {
    const world = new MetadataWorld(store);
    expect(await world.addNode(1)).toBe(1);
    expect(await world.addNode(2)).toBe(2);
    const nodeId = world.node(1);
    const state = (boot: number) => store.write('setNodeState', { nodeId, state: 'suspect', reason: 'silent', boot, nowMs: 5 });
    expect(await state(1)).toEqual({ changed: true });
    expect(await state(1)).toEqual({ changed: false });
    expect(await world.addNode(1, { boot: 2, address: 'http://elsewhere:1' })).toBe(1);
    await refused(world.addNode(1, { boot: 1 }), 'boot-stale');
    await refused(state(1), 'boot-stale');
    await store.write('recordLogMark', { nodeId, boot: 2, sequence: 9, digest: 'd' });
    await refused(store.write('recordLogMark', { nodeId, boot: 1, sequence: 8, digest: 'c' }), 'boot-stale');
    const { nodes } = await store.read('listNodes', {});
    expect(nodes).toHaveLength(2);
    expect(nodes[0]).toMatchObject({ nodeId, nodeNumber: 1, boot: 2, address: 'http://elsewhere:1', mark: { sequence: 9, digest: 'd' } });
    expect(nodes[0]).toMatchObject({ state: 'suspect', stateSinceMs: 5, stateReason: 'silent', proven: true, condition: 'open' });
  },

  'a node named by hand becomes live by its heartbeat, and stays what the heartbeat made it': async (store) => {
    const world = new MetadataWorld(store);
    const register = (address: string) => store.write('registerManualNode', { nodeId: world.node(1), address, nowMs: 1 });
    expect(await register('http://a')).toMatchObject({ state: 'manual', nodeNumber: 1, proven: false });
    expect(await register('http://b')).toMatchObject({ address: 'http://b', nodeNumber: 1 });
    await world.addNode(1);
    expect((await store.read('listNodes', {})).nodes).toMatchObject([{ state: 'live', nodeNumber: 1, proven: true }]);
    await refused(register('http://c'), 'node-proven');
    await refused(
      store.write('setNodeState', { nodeId: world.node(2), state: 'down', reason: null, boot: null, nowMs: 1 }),
      'node-unknown',
    );
  },
};
