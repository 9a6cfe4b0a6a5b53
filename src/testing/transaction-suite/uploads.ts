import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { anyConditions, md5Like, MetadataWorld, MiB } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { Scenarios } from '../transaction-suite.js';

const partSize = 5 * MiB;

/** A world with an upload under way. */
async function uploading(world: MetadataWorld & { bucket: { bucketId: number; factsVersion: number } }, key = 'k') {
  const uploadId = await world.createUpload(world.bucket, key);
  return { ...world.bucket, key, uploadId };
}

export const uploadScenarios: Scenarios = {
  'parts are put together in their order, with the ETag of S3': async (store) => {
    const world = await MetadataWorld.start(store);
    const name = await uploading(world);
    await world.putPart(name, 7, 100);
    await world.putPart(name, 2, partSize);
    const version = await world.complete(name, [
      [2, partSize],
      [7, 100],
    ]);
    const md5 = createHash('md5').update(md5Like(2, partSize), 'hex').update(md5Like(7, 100), 'hex').digest('hex');
    expect(version).toMatchObject({ etag: `${md5}-2`, sizeBytes: partSize + 100, partCount: 2, checksum: null });
    expect(version).toMatchObject({ headers: { 'content-type': 'video/mp4' }, userMetadata: { by: 'parts' } });
    expect((await world.manifest(world.bucket, 'k')).map(({ objectOffsetBytes }) => objectOffsetBytes)).toEqual([0, partSize]);
    const ask = (partNumber: number) => store.read('lookupObject', { ...world.bucket, key: 'k', partNumber });
    expect((await ask(2)).part).toEqual({ offsetBytes: partSize, sizeBytes: 100 });
    expect((await ask(2)).manifest.chunks).toHaveLength(1);
    await refused(ask(3), 'part-number-unsatisfiable');
    expect(await world.workGarbage()).toBe(0);
  },

  'a repeated Complete is given the same answer for 7 days': async (store) => {
    const world = await MetadataWorld.start(store);
    const name = await uploading(world);
    await world.putPart(name, 1, 100);
    const version = await world.complete(name, [[1, 100]]);
    world.nowMs += 1000;
    await world.put(world.bucket, 'k', 5);
    expect(await world.complete(name, [[1, 100]])).toEqual(version);
    await refused(world.putPart(name, 1, 100), 'no-such-upload');
    const days = (count: number) => world.nowMs - 1000 + count * 24 * 3600 * 1000;
    expect(await store.write('expireFinishedUploads', { nowMs: days(7), limit: 10 })).toEqual({ removed: 0 });
    expect(await store.write('expireFinishedUploads', { nowMs: days(7) + 1, limit: 10 })).toEqual({ removed: 1 });
    await refused(world.complete(name, [[1, 100]]), 'no-such-upload');
  },

  'a list of parts that is not right is refused, and the upload stays': async (store) => {
    const world = await MetadataWorld.start(store);
    const name = await uploading(world);
    await world.putPart(name, 1, 100);
    await world.putPart(name, 2, 100);
    await refused(world.complete(name, [[3, 100]]), 'part-invalid');
    await refused(world.complete(name, [[1, 101]]), 'part-invalid');
    const both: [number, number][] = [
      [1, 100],
      [2, 100],
    ];
    await refused(world.complete(name, both.toReversed()), 'part-order-invalid');
    await refused(world.complete(name, [both[0]!, both[0]!]), 'part-order-invalid');
    await refused(world.complete(name, both), 'part-too-small');
    await refused(world.complete(name, [[1, 100]], { expectedSizeBytes: 99 }), 'request-invalid');
    await refused(world.complete(name, [[1, 100]], { expectedChecksum: 'AAAA' }), 'request-invalid');
    await refused(world.complete(name, [[1, 100]], { conditions: { ifMatch: 'x', ifNoneMatch: null } }), 'no-such-key');
    await refused(world.complete({ ...name, key: 'other' }, [[1, 100]]), 'no-such-upload');
    await world.complete(name, [[1, 100]], { expectedSizeBytes: 100 });
  },

  'a part that is put again releases the first, one that is not listed is released by Complete': async (store) => {
    const world = await MetadataWorld.start(store);
    const name = await uploading(world);
    await world.putPart(name, 1, 100);
    await world.putPart(name, 1, 101);
    expect(await world.workGarbage()).toBe(1);
    await world.putPart(name, 2, 102);
    await world.complete(name, [[1, 101]]);
    expect(await world.workGarbage()).toBe(1);
    expect(await store.read('statistics', {})).toMatchObject({ chunks: 1, chunkBytes: 101, uploads: 0 });
  },

  'an upload that is aborted releases all of its parts': async (store) => {
    const world = await MetadataWorld.start(store);
    const name = await uploading(world);
    await world.putPart(name, 1, 100);
    await world.putPart(name, 2, 0);
    const abort = () => store.write('abortUpload', { attempt: world.attempt(), ...name, nowMs: world.nowMs });
    await abort();
    await refused(abort(), 'no-such-upload');
    await refused(store.read('listParts', { ...name, afterPartNumber: 0, limit: 10 }), 'no-such-upload');
    expect(await world.workGarbage()).toBe(1);
    expect(await store.read('statistics', {})).toMatchObject({ chunks: 0, uploads: 0, garbage: 0 });
  },

  'composite checksums are the hash of the hashes': async (store) => {
    const world = await MetadataWorld.start(store);
    const uploadId = await world.createUpload(world.bucket, 'k', { algorithm: 'SHA256', type: 'COMPOSITE' });
    const name = { ...world.bucket, key: 'k', uploadId };
    const digests = ['one', 'two'].map((text) => createHash('sha256').update(text).digest());
    const checksums = digests.map((digest) => ({ algorithm: 'SHA256', value: digest.toString('base64') }) as const);
    await world.putPart(name, 1, partSize, { checksum: checksums[0]! });
    await world.putPart(name, 2, 1, { checksum: checksums[1]! });
    await refused(world.putPart(name, 3, 1, { checksum: { algorithm: 'CRC32', value: 'AAAAAA==' } }), 'request-invalid');
    const whole = createHash('sha256').update(Buffer.concat(digests)).digest('base64');
    const parts: [number, number][] = [
      [1, partSize],
      [2, 1],
    ];
    await refused(world.complete(name, parts, { expectedChecksum: checksums[0]!.value }), 'digest-bad');
    const version = await world.complete(name, parts, { expectedChecksum: `${whole}-2` });
    expect(version.checksum).toEqual({ algorithm: 'SHA256', type: 'COMPOSITE', value: `${whole}-2` });
  },

  'parts are listed page by page': async (store) => {
    const world = await MetadataWorld.start(store);
    const name = await uploading(world);
    for (const partNumber of [5, 1, 9]) await world.putPart(name, partNumber, partNumber);
    const first = await store.read('listParts', { ...name, afterPartNumber: 0, limit: 2 });
    expect(first).toMatchObject({ truncated: true, initiatedMs: world.nowMs, checksum: null });
    expect(first.parts.map(({ partNumber }) => partNumber)).toEqual([1, 5]);
    const second = await store.read('listParts', { ...name, afterPartNumber: 5, limit: 2 });
    expect(second).toMatchObject({ truncated: false, parts: [{ partNumber: 9, sizeBytes: 9, etag: md5Like(9, 9), checksum: null }] });
    expect(await store.read('listParts', { ...name, afterPartNumber: 0, limit: 0 })).toMatchObject({ truncated: false, parts: [] });
  },

  'uploads are listed by key, then by id, with common prefixes': async (store) => {
    const world = await MetadataWorld.start(store);
    const ids: string[] = [];
    for (const key of ['b', 'a/1', 'a/2', 'b', 'c/x']) ids.push(await world.createUpload(world.bucket, key));
    const list = (more: object) => {
      const all = { ...world.bucket, prefix: '', delimiter: '', keyMarker: '', uploadIdMarker: '', limit: 100, ...more };
      return store.read('listUploads', all);
    };
    const shown = async (more: object) => {
      const { uploads, prefixes } = await list(more);
      return [...uploads.map(({ key, uploadId }) => `${key} ${ids.indexOf(uploadId)}`), ...prefixes];
    };
    expect(await shown({})).toEqual(['a/1 1', 'a/2 2', 'b 0', 'b 3', 'c/x 4']);
    expect(await shown({ delimiter: '/' })).toEqual(['b 0', 'b 3', 'a/', 'c/']);
    expect(await shown({ prefix: 'a/', delimiter: '/' })).toEqual(['a/1 1', 'a/2 2']);
    expect(await shown({ keyMarker: 'b' })).toEqual(['c/x 4']);
    expect(await shown({ keyMarker: 'b', uploadIdMarker: ids[0] })).toEqual(['b 3', 'c/x 4']);
    expect(await shown({ keyMarker: 'a/', delimiter: '/' })).toEqual(['b 0', 'b 3', 'c/']);
    const page = await list({ limit: 3 });
    expect(page).toMatchObject({ nextKeyMarker: 'b', nextUploadIdMarker: ids[0] });
    expect(await list({ limit: 2, delimiter: '/', keyMarker: 'a/' })).toMatchObject({ nextKeyMarker: 'b', nextUploadIdMarker: ids[3] });
    expect(await list({ limit: 1, delimiter: '/' })).toMatchObject({ prefixes: ['a/'], nextKeyMarker: 'a/', nextUploadIdMarker: null });
  },

  'a part made of a range of an object shares its chunks': async (store) => {
    const world = await MetadataWorld.start(store);
    const chunks = [10, 20, 30].map((length) => world.chunk(length));
    const { versionNumber } = await world.put(world.bucket, 'source', 60, { chunks });
    const name = await uploading(world);
    const copy = (partNumber: number, offsetBytes: number, sizeBytes: number, more: object = {}) =>
      store.write('copyPart', {
        attempt: world.attempt(),
        ...name,
        partNumber,
        etag: md5Like(partNumber, sizeBytes),
        checksum: null,
        nowMs: world.nowMs,
        source: { ...world.bucket, key: 'source', versionNumber, offsetBytes, sizeBytes, ...more },
      });
    await refused(copy(1, 50, 11), 'range-not-satisfiable');
    await refused(copy(1, 0, 10, { versionNumber: versionNumber + 1 }), 'copy-source-changed');
    await copy(1, 5, 30);
    await world.complete(name, [[1, 30]]);
    const pieces = (await world.manifest(world.bucket, 'k')).map(({ id, skipBytes, useBytes }) => [id, skipBytes, useBytes]);
    expect(pieces).toEqual([
      [chunks[0]!.id, 5, 5],
      [chunks[1]!.id, 0, 20],
      [chunks[2]!.id, 0, 5],
    ]);
    await world.delete(world.bucket, 'source');
    expect(await world.workGarbage()).toBe(0);
    await world.delete(world.bucket, 'k');
    expect(await world.workGarbage()).toBe(3);
  },

  'a part is copied of an object that was put together itself': async (store) => {
    const world = await MetadataWorld.start(store);
    const source = await uploading(world, 'source');
    for (const partNumber of [1, 2, 3]) await world.putPart(source, partNumber, partSize);
    const { versionNumber } = await world.complete(
      source,
      [1, 2, 3].map((n) => [n, partSize]),
    );
    const whole = (await world.manifest(world.bucket, 'source')).map(({ id }) => id);
    const name = await uploading(world);
    const range = { offsetBytes: partSize - 1, sizeBytes: partSize + 2 };
    await store.write('copyPart', {
      attempt: world.attempt(),
      ...name,
      partNumber: 1,
      etag: md5Like(1, 1),
      checksum: null,
      nowMs: world.nowMs,
      source: { ...world.bucket, key: 'source', versionNumber, ...range },
    });
    const parts = [{ partNumber: 1, etag: md5Like(1, 1), checksum: null }];
    await world.complete(name, [], { parts, conditions: anyConditions });
    const pieces = (await world.manifest(world.bucket, 'k')).map(({ id, objectOffsetBytes, skipBytes, useBytes }) => [
      whole.indexOf(id),
      objectOffsetBytes,
      skipBytes,
      useBytes,
    ]);
    expect(pieces).toEqual([
      [0, 0, partSize - 1, 1],
      [1, 1, 0, partSize],
      [2, partSize + 1, 0, 1],
    ]);
  },
};
