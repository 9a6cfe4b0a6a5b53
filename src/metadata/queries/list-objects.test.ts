import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalStore } from '../../testing/local-store.js';
import { MetadataWorld, type Bucket } from '../../testing/metadata-world.js';
import { objectEnd, PackedObjects, packFacts } from '../../model/listed-object.js';
import { objectPage, upsertObject } from '../rows/object.js';
import { insertBucket } from '../rows/bucket.js';
import { statement } from '../tx.js';
import type { ListObjectsResult } from './list-objects.js';

let folder: string;
let store: LocalStore;
let buckets = 1000;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-lists-'));
  store = new LocalStore(join(folder, 'lists.db'));
});
afterAll(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A bucket with these keys. The rows of objects are all that lists read. */
function fill(keys: readonly string[]): Bucket {
  buckets += 1;
  const bucket = { bucketId: buckets, factsVersion: 1 };
  store.rows.execute('BEGIN');
  store.rows.run(insertBucket, [buckets, Buffer.from(`bucket-${buckets}`), 1, 1]);
  for (const [index, key] of keys.entries()) {
    const facts = packFacts({ sizeBytes: index, lastModifiedMs: 1.7e12 + index, etag: `e${index}`, checksum: null });
    store.rows.run(upsertObject, [buckets, Buffer.from(key), index, facts]);
  }
  store.rows.execute('COMMIT');
  return bucket;
}

interface ListRequest {
  prefix: string;
  delimiter: string;
  startAfter: string;
}

/** The rules of S3, said simply: all entries of a list, keys and common prefixes, in their order. */
function naiveList(keys: readonly string[], { prefix, delimiter, startAfter }: ListRequest): string[] {
  const entries = new Set<string>();
  for (const key of keys.toSorted(bytewise)) {
    if (!key.startsWith(prefix)) continue;
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const entry = at === -1 ? key : key.slice(0, at + delimiter.length);
    // A common prefix counts as listed when it does not sort behind the start, though its keys may.
    if (bytewise(key, startAfter) <= 0) continue;
    if (at !== -1 && startAfter.startsWith(entry)) continue;
    entries.add(entry);
  }
  return [...entries].toSorted(bytewise);
}

function keysOf({ objects, objectCount }: ListObjectsResult): string[] {
  const keys: string[] = [];
  for (const object = new PackedObjects(objects); object.next();) keys.push(object.key);
  expect(objectCount).toBe(keys.length);
  return keys;
}

async function listAll(bucket: Bucket, request: ListRequest, limit: number): Promise<string[]> {
  const entries: string[] = [];
  for (let startAfter: string | null = request.startAfter; startAfter !== null;) {
    const page: ListObjectsResult = await store.read('listObjects', { ...bucket, ...request, startAfter, limit });
    const shown = [...keysOf(page), ...page.prefixes].toSorted(bytewise);
    expect(shown.length).toBeLessThanOrEqual(limit);
    if (page.nextStartAfter !== null) expect(shown.at(-1)).toBe(page.nextStartAfter);
    entries.push(...shown);
    startAfter = page.nextStartAfter;
  }
  return entries;
}

describe('listObjects', () => {
  it('shows what a plain filter over sorted keys shows, whatever the page size', async () => {
    const piece = fc.constantFrom('a', 'b', '/', '//', '-', 'é', '\u{10ffff}', '\uffff', '\u0000', '~', 'ab/', '\u{1f600}');
    const text = (maxLength: number) => fc.array(piece, { maxLength }).map((pieces) => pieces.join(''));
    const keys = fc.uniqueArray(
      text(6).filter((key) => key !== ''),
      { maxLength: 60 },
    );
    const delimiter = fc.constantFrom('', '/', '//', 'b', 'ab', 'é', '\u{10ffff}');
    await fc.assert(
      fc.asyncProperty(
        keys,
        text(2),
        delimiter,
        text(3),
        fc.integer({ min: 1, max: 9 }),
        async (keys, prefix, delimiter, startAfter, limit) => {
          const bucket = fill(keys);
          const request = { prefix, delimiter, startAfter };
          expect(await listAll(bucket, request, limit)).toEqual(naiveList(keys, request));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('skips over large folders', async () => {
    const folders = Array.from({ length: 30 }, (_, n) => `folder-${String(n).padStart(2, '0')}/`);
    const keys = folders.flatMap((name) => Array.from({ length: 200 }, (_, n) => name + n));
    const request = { prefix: '', delimiter: '/', startAfter: '' };
    expect(await listAll(fill(keys), request, 1000)).toEqual(folders);
    expect(await listAll(fill(keys), request, 7)).toEqual(folders);
    expect(await listAll(fill(keys), { ...request, prefix: 'folder-07/' }, 150)).toEqual(
      naiveList(keys, { ...request, prefix: 'folder-07/' }),
    );
  });

  it('shows facts, and nothing when nothing is asked for', async () => {
    const world = await MetadataWorld.start(store);
    const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: 'AAAAAAAAAAA=' } as const;
    await world.put(world.bucket, 'k', 12, { checksum });
    await world.put(world.bucket, 'l', 0);
    const list = (limit: number) => store.read('listObjects', { ...world.bucket, prefix: '', delimiter: '', startAfter: '', limit });
    const facts = { etag: 'ec', lastModifiedMs: world.nowMs };
    const packed = [
      `${packFacts({ ...facts, sizeBytes: 12, checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' } })}k`,
      `${packFacts({ ...facts, etag: 'e0', sizeBytes: 0, checksum: null })}l`,
    ].map((object) => Buffer.concat([Buffer.from(object), Buffer.from([objectEnd])]));
    expect(await list(2)).toEqual({ objects: Buffer.concat(packed), objectCount: 2, prefixes: [], nextStartAfter: null });
    expect(await list(1)).toEqual({ objects: packed[0], objectCount: 1, prefixes: [], nextStartAfter: 'k' });
    expect(await list(0)).toEqual({ objects: Buffer.alloc(0), objectCount: 0, prefixes: [], nextStartAfter: null });
  });

  it('takes the rows in the order of the key from the table itself, which SQLite does not promise for a group_concat', () => {
    const plan = statement(`EXPLAIN QUERY PLAN ${objectPage.sql.replaceAll('?', "''")}`);
    const steps = store.rows.all(plan, []).map((step) => (step as { detail: string }).detail);
    expect(steps.join('; ')).toMatch(/^CO-ROUTINE [^;]+; SEARCH object USING PRIMARY KEY [^;]+; SCAN [^;]+$/);
  });
});
