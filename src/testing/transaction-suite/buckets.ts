import { expect } from 'vitest';
import { MetadataWorld } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { Scenarios } from '../transaction-suite.js';

export const bucketScenarios: Scenarios = {
  'a bucket is created once': async (store) => {
    const world = new MetadataWorld(store);
    const { bucketId } = await world.createBucket('b');
    await refused(world.createBucket('b'), 'bucket-exists');
    expect(await store.read('getBucket', { bucket: 'b' })).toMatchObject({ bucketId, createdMs: world.nowMs });
    await refused(store.read('getBucket', { bucket: 'c' }), 'no-such-bucket');
  },

  'a bucket with an object is not deleted, an empty one is': async (store) => {
    const world = await MetadataWorld.start(store);
    const remove = () => store.write('deleteBucket', { attempt: world.attempt(), ...world.bucket, nowMs: world.nowMs });
    await world.put(world.bucket, 'k', 1);
    await refused(remove(), 'bucket-not-empty');
    await world.delete(world.bucket, 'k');
    await remove();
    await refused(store.read('getBucket', { bucket: 'first' }), 'no-such-bucket');
    expect(await store.read('statistics', {})).toMatchObject({ buckets: 0, objects: 0 });
  },

  'uploads in progress go with their bucket': async (store) => {
    const world = await MetadataWorld.start(store);
    for (const key of ['a', 'b', 'c']) {
      const uploadId = await world.createUpload(world.bucket, key);
      await world.putPart({ ...world.bucket, key, uploadId }, 1, 100);
    }
    await store.write('deleteBucket', { attempt: world.attempt(), ...world.bucket, nowMs: world.nowMs });
    expect(await world.workGarbage()).toBe(3);
    expect(await store.read('statistics', {})).toMatchObject({ uploads: 0, chunks: 0, garbage: 0, doomed: 9 });
  },

  'a decision on facts of a bucket that was made anew is not carried out': async (store) => {
    const world = await MetadataWorld.start(store);
    await store.write('deleteBucket', { attempt: world.attempt(), ...world.bucket, nowMs: world.nowMs });
    const again = await world.createBucket('first');
    expect(again.bucketId).not.toBe(world.bucket.bucketId);
    await refused(world.put(world.bucket, 'k', 1), 'facts-changed');
    await refused(store.read('lookupObject', { ...world.bucket, key: 'k', partNumber: null }), 'facts-changed');
    await refused(world.put({ ...again, factsVersion: again.factsVersion + 1 }, 'k', 1), 'facts-changed');
    await world.put(again, 'k', 1);
  },

  'buckets are listed by name, page by page': async (store) => {
    const world = new MetadataWorld(store);
    for (const name of ['delta', 'alpha', 'charlie', 'alps']) await world.createBucket(name);
    const list = async (prefix: string, startAfter: string, limit: number) => {
      const { buckets, truncated } = await store.read('listBuckets', { prefix, startAfter, limit });
      return [...buckets.map(({ name }) => name), truncated];
    };
    expect(await list('', '', 2)).toEqual(['alpha', 'alps', true]);
    expect(await list('', 'alps', 2)).toEqual(['charlie', 'delta', false]);
    expect(await list('al', '', 10)).toEqual(['alpha', 'alps', false]);
    expect(await list('al', 'b', 10)).toEqual([false]);
  },
};
