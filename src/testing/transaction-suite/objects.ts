import { expect } from 'vitest';
import { manifestChunksMax } from '../../model/limits.js';
import { anyConditions, MetadataWorld } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { Scenarios } from '../transaction-suite.js';

const matching = (ifMatch: string) => ({ conditions: { ifMatch, ifNoneMatch: null } });

export const objectScenarios: Scenarios = {
  'what is committed is found again, whole': async (store) => {
    const world = await MetadataWorld.start(store);
    const checksum = { algorithm: 'CRC32', type: 'FULL_OBJECT', value: 'AAAAAA==' } as const;
    const args = world.putArgs(world.bucket, 'k/ü', 10, { checksum, userMetadata: { a: 'b' } });
    const { versionNumber } = await store.write('commitObject', args);
    const { version, manifest, part } = await store.read('lookupObject', { ...world.bucket, key: 'k/ü', partNumber: null });
    const { headers, userMetadata, etag } = args;
    expect(version).toEqual({
      versionNumber,
      sizeBytes: 10,
      etag,
      lastModifiedMs: world.nowMs,
      headers,
      userMetadata,
      checksum,
      partCount: null,
    });
    const { id, lengthBytes, crc32c } = args.chunks[0]!;
    const whole = { objectOffsetBytes: 0, skipBytes: 0, useBytes: 10, nodeNumbers: [1, 2, 3] };
    expect(manifest).toEqual({ chunks: [{ id, lengthBytes, crc32c, ...whole }], nextOffsetBytes: null });
    expect(part).toBeNull();
  },

  'an empty object has a version and no chunks': async (store) => {
    const world = await MetadataWorld.start(store);
    await world.put(world.bucket, 'k', 0);
    expect(await world.manifest(world.bucket, 'k')).toEqual([]);
    await world.delete(world.bucket, 'k');
    expect(await world.workGarbage()).toBe(0);
  },

  'If-None-Match * lets one writer through': async (store) => {
    const world = await MetadataWorld.start(store);
    const conditions = { ifMatch: null, ifNoneMatch: '*' };
    const tries = [1, 2, 3, 4].map((size) =>
      world.put(world.bucket, 'k', size, { conditions }).then(
        () => true,
        () => false,
      ),
    );
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
  },

  'If-Match compares with the current ETag, and finds no key where there is none': async (store) => {
    const world = await MetadataWorld.start(store);
    await refused(world.put(world.bucket, 'k', 1, matching('*')), 'no-such-key');
    await world.put(world.bucket, 'k', 1);
    await refused(world.put(world.bucket, 'k', 2, matching('e2')), 'precondition-failed');
    await world.put(world.bucket, 'k', 2, matching('e1'));
    await world.put(world.bucket, 'k', 3, matching('*'));
    expect((await store.read('lookupObject', { ...world.bucket, key: 'k', partNumber: null })).version.etag).toBe('e3');
  },

  'an overwrite queues the old version, whose manifest is found until it is worked off': async (store) => {
    const world = await MetadataWorld.start(store);
    const { versionNumber } = await world.put(world.bucket, 'k', 1);
    await world.put(world.bucket, 'k', 2);
    expect((await store.read('readManifest', { versionNumber, offsetBytes: 0 })).chunks).toHaveLength(1);
    world.nowMs += 100;
    expect(await store.write('workGarbage', { nowMs: world.nowMs, deleteGraceMs: 101, limit: 10 })).toEqual({
      chunksDoomed: 0,
      more: false,
    });
    expect(await store.write('workGarbage', { nowMs: world.nowMs, deleteGraceMs: 100, limit: 10 })).toEqual({
      chunksDoomed: 1,
      more: false,
    });
    await refused(store.read('readManifest', { versionNumber, offsetBytes: 0 }), 'no-such-key');
    expect(await world.manifest(world.bucket, 'k')).toHaveLength(1);
  },

  'worked off, each copy waits for its node to delete it': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunks = [world.chunk(4, [1, 2]), world.chunk(5, [2, 3])];
    await world.put(world.bucket, 'k', 9, { chunks });
    await world.delete(world.bucket, 'k');
    expect(await world.workGarbage()).toBe(2);
    const on = async (nodeNumber: number) => (await store.read('doomedOn', { nodeNumber, afterId: null, limit: 10 })).ids;
    expect(await Promise.all([1, 2, 3].map(on))).toEqual([[chunks[0]!.id], [chunks[0]!.id, chunks[1]!.id], [chunks[1]!.id]]);
    expect(await store.read('doomedOn', { nodeNumber: 2, afterId: chunks[0]!.id, limit: 1 })).toEqual({ ids: [chunks[1]!.id] });
    await store.write('confirmDeleted', { nodeNumber: 2, ids: chunks.map(({ id }) => id) });
    expect(await store.read('statistics', {})).toMatchObject({ doomed: 2, chunks: 0, chunkBytes: 0, under: 0 });
  },

  'garbage is worked off in batches that end': async (store) => {
    const world = await MetadataWorld.start(store);
    for (let n = 0; n < 12; n += 1) await world.put(world.bucket, `k${n}`, n);
    await world.delete(world.bucket, ...Array.from({ length: 12 }, (_, n) => `k${n}`));
    let batches = 1;
    while ((await store.write('workGarbage', { nowMs: world.nowMs, deleteGraceMs: 0, limit: 5 })).more) batches += 1;
    expect(batches).toBe(3);
    expect(await store.read('statistics', {})).toMatchObject({ garbage: 0, chunks: 0, objects: 0, objectBytes: 0 });
  },

  'deletes are decided key by key, and a key named twice goes once': async (store) => {
    const world = await MetadataWorld.start(store);
    for (const [index, key] of ['a', 'b', 'c'].entries()) await world.put(world.bucket, key, index + 1);
    const keys = [
      { key: 'a', ifMatch: 'e1' },
      { key: 'b', ifMatch: 'e1' },
      { key: 'nothing', ifMatch: null },
      { key: 'nothing', ifMatch: '*' },
      { key: 'c', ifMatch: null },
      { key: 'c', ifMatch: null },
    ];
    const { refusals } = await store.write('deleteObjects', { attempt: world.attempt(), ...world.bucket, keys, nowMs: world.nowMs });
    expect(refusals).toEqual([null, 'precondition-failed', null, 'no-such-key', null, null]);
    expect(await world.keys(world.bucket)).toEqual(['b']);
    expect(await store.read('statistics', {})).toMatchObject({ objects: 1, objectBytes: 2, garbage: 2 });
  },

  'chunks of a generation that the sweep may have taken are refused': async (store) => {
    const world = await MetadataWorld.start(store);
    await store.write('advanceGeneration', {});
    await world.put(world.bucket, 'k', 1);
    expect(await store.write('advanceGeneration', {})).toEqual({ generation: 3 });
    await refused(world.put(world.bucket, 'k', 1), 'generation-old');
    await world.put(world.bucket, 'k', 1, { chunks: [{ ...world.chunk(1), generation: 2 }] });
  },

  'a chunk is committed once, under one body': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunk = world.chunk(10);
    await world.put(world.bucket, 'a', 10, { chunks: [chunk] });
    await refused(world.put(world.bucket, 'b', 10, { chunks: [chunk] }), 'chunk-conflict');
  },

  'chunks that do not add up to the size are refused': async (store) => {
    const world = await MetadataWorld.start(store);
    await refused(world.put(world.bucket, 'k', 11, { chunks: [world.chunk(10)] }), 'wire-malformed');
    await refused(world.put(world.bucket, 'k', 10, { chunks: [world.chunk(10), world.chunk(0)] }), 'wire-malformed');
  },

  'a manifest of many chunks comes in pages, from any offset': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunks = Array.from({ length: manifestChunksMax + 10 }, () => world.chunk(10));
    await world.put(world.bucket, 'k', 10 * chunks.length, { chunks });
    const { version, manifest } = await store.read('lookupObject', { ...world.bucket, key: 'k', partNumber: null });
    expect(manifest.nextOffsetBytes).toBe(manifestChunksMax * 10);
    expect((await world.manifest(world.bucket, 'k')).map(({ id }) => id)).toEqual(chunks.map(({ id }) => id));
    const from = await store.read('readManifest', { versionNumber: version.versionNumber, offsetBytes: 25 });
    expect(from.chunks[0]).toMatchObject({ id: chunks[2]!.id, objectOffsetBytes: 20 });
  },

  'part 1 of an object that has no parts is the whole, others are not satisfiable': async (store) => {
    const world = await MetadataWorld.start(store);
    await world.put(world.bucket, 'k', 7, { conditions: anyConditions });
    const ask = (partNumber: number) => store.read('lookupObject', { ...world.bucket, key: 'k', partNumber });
    expect((await ask(1)).part).toEqual({ offsetBytes: 0, sizeBytes: 7 });
    await refused(ask(2), 'part-number-unsatisfiable');
  },
};
