import { expect } from 'vitest';
import { anyConditions, anyReadConditions, MetadataWorld } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { Scenarios } from '../transaction-suite.js';

export const copyScenarios: Scenarios = {
  'a copy shares the chunks, which stay until both are gone': async (store) => {
    const world = await MetadataWorld.start(store);
    await world.put(world.bucket, 'a', 10);
    const version = await world.copy(world.bucket, 'a', 'b');
    expect(version).toMatchObject({ sizeBytes: 10, etag: 'ea', headers: { 'content-type': 'text/plain' } });
    expect(await world.manifest(world.bucket, 'b')).toEqual(await world.manifest(world.bucket, 'a'));
    await world.delete(world.bucket, 'a');
    expect(await world.workGarbage()).toBe(0);
    expect(await world.manifest(world.bucket, 'b')).toHaveLength(1);
    await world.delete(world.bucket, 'b');
    expect(await world.workGarbage()).toBe(1);
  },

  'a copy onto itself replaces the attributes and keeps the bytes': async (store) => {
    const world = await MetadataWorld.start(store);
    const { versionNumber } = await world.put(world.bucket, 'k', 10);
    const before = await world.manifest(world.bucket, 'k');
    const replace = { headers: { 'content-type': 'image/png' }, userMetadata: { new: 'yes' } };
    const version = await world.copy(world.bucket, 'k', 'k', { replace });
    expect(version).toMatchObject({ ...replace, etag: 'ea' });
    expect(version.versionNumber).toBeGreaterThan(versionNumber);
    expect(await world.workGarbage()).toBe(0);
    expect(await world.manifest(world.bucket, 'k')).toEqual(before);
  },

  'conditions on both ends are judged': async (store) => {
    const world = await MetadataWorld.start(store);
    await world.put(world.bucket, 'a', 10);
    await world.put(world.bucket, 'b', 11);
    const source = (conditions: object) => ({ source: { ...world.bucket, key: 'a', conditions: { ...anyReadConditions, ...conditions } } });
    const target = (conditions: object) => ({ target: { ...world.bucket, key: 'b', conditions: { ...anyConditions, ...conditions } } });
    await refused(world.copy(world.bucket, 'a', 'b', source({ ifMatch: 'e0' })), 'precondition-failed');
    await refused(world.copy(world.bucket, 'a', 'b', source({ ifNoneMatch: 'ea' })), 'precondition-failed');
    await refused(world.copy(world.bucket, 'a', 'b', target({ ifNoneMatch: '*' })), 'precondition-failed');
    await refused(world.copy(world.bucket, 'a', 'b', target({ ifMatch: 'ea' })), 'precondition-failed');
    await refused(world.copy(world.bucket, 'nothing', 'b'), 'no-such-key');
    await world.copy(world.bucket, 'a', 'b', { ...source({ ifMatch: 'ea' }), ...target({ ifMatch: 'eb' }) });
    expect((await world.manifest(world.bucket, 'b')).map(({ useBytes }) => useBytes)).toEqual([10]);
  },

  'a copy goes from bucket to bucket': async (store) => {
    const world = await MetadataWorld.start(store);
    const other = await world.createBucket('other');
    await world.put(world.bucket, 'k', 10);
    await world.copy(world.bucket, 'k', 'k', { target: { ...other, key: 'k', conditions: anyConditions } });
    expect(await world.manifest(other, 'k')).toEqual(await world.manifest(world.bucket, 'k'));
  },
};
