import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partNumberMax } from '../model/limits.js';
import { auditMetadata } from '../testing/audit-metadata.js';
import { LocalStore } from '../testing/local-store.js';
import { md5Like, MetadataWorld, MiB, type Bucket } from '../testing/metadata-world.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-model-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Bytes [from, to) of a chunk. What an object is made of, in order. */
interface Segment {
  id: string;
  from: number;
  to: number;
}

interface Upload {
  id: string;
  key: string;
  parts: Map<number, Segment[]>;
}

/** All that the store should know, in the simplest form. */
class Model {
  readonly objects = new Map<string, Segment[]>();
  uploads: Upload[] = [];
}

const sizeOf = (segments: readonly Segment[]): number => segments.reduce((sum, { from, to }) => sum + to - from, 0);

function rangeOf(segments: readonly Segment[], offset: number, size: number): Segment[] {
  const range: Segment[] = [];
  let at = 0;
  for (const { id, from, to } of segments) {
    const begin = Math.max(offset - at, 0);
    const end = Math.min(offset + size - at, to - from);
    if (begin < end) range.push({ id, from: from + begin, to: from + end });
    at += to - from;
  }
  return range;
}

interface Real {
  world: MetadataWorld & { bucket: Bucket };
}

class Put implements fc.AsyncCommand<Model, Real> {
  readonly key: string;
  readonly sizes: number[];
  constructor(key: string, sizes: number[]) {
    this.key = key;
    this.sizes = sizes;
  }
  check = (): boolean => true;
  async run(model: Model, { world }: Real): Promise<void> {
    const chunks = this.sizes.map((size) => world.chunk(size));
    const segments = chunks.map(({ id, lengthBytes }) => ({ id, from: 0, to: lengthBytes }));
    await world.put(world.bucket, this.key, sizeOf(segments), { chunks });
    model.objects.set(this.key, segments);
  }
  toString = (): string => `put ${this.key} ${this.sizes.join('+')}`;
}

class Delete implements fc.AsyncCommand<Model, Real> {
  readonly keys: string[];
  constructor(keys: string[]) {
    this.keys = keys;
  }
  check = (): boolean => true;
  async run(model: Model, { world }: Real): Promise<void> {
    await world.delete(world.bucket, ...this.keys);
    for (const key of this.keys) model.objects.delete(key);
  }
  toString = (): string => `delete ${this.keys.join(' ')}`;
}

class Copy implements fc.AsyncCommand<Model, Real> {
  readonly from: string;
  readonly to: string;
  constructor(from: string, to: string) {
    this.from = from;
    this.to = to;
  }
  check = (model: Readonly<Model>): boolean => model.objects.has(this.from);
  async run(model: Model, { world }: Real): Promise<void> {
    await world.copy(world.bucket, this.from, this.to);
    model.objects.set(this.to, model.objects.get(this.from)!);
  }
  toString = (): string => `copy ${this.from} ${this.to}`;
}

class StartUpload implements fc.AsyncCommand<Model, Real> {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
  check = (model: Readonly<Model>): boolean => model.uploads.length < 3;
  async run(model: Model, { world }: Real): Promise<void> {
    model.uploads.push({ id: await world.createUpload(world.bucket, this.key), key: this.key, parts: new Map() });
  }
  toString = (): string => `start ${this.key}`;
}

const partSize = 5 * MiB;

class PutPart implements fc.AsyncCommand<Model, Real> {
  readonly upload: number;
  readonly number: number;
  constructor(upload: number, number: number) {
    this.upload = upload;
    this.number = number;
  }
  check = (model: Readonly<Model>): boolean => model.uploads.length > 0;
  async run(model: Model, { world }: Real): Promise<void> {
    const { id: uploadId, key, parts } = model.uploads[this.upload % model.uploads.length]!;
    const chunks = [world.chunk(partSize), world.chunk(this.number)];
    const etag = md5Like(this.number, 0);
    await world.putPart({ ...world.bucket, key, uploadId }, this.number, partSize + this.number, { chunks, etag });
    parts.set(
      this.number,
      chunks.map(({ id, lengthBytes }) => ({ id, from: 0, to: lengthBytes })),
    );
  }
  toString = (): string => `part ${this.number} of upload ${this.upload}`;
}

class CopyPart implements fc.AsyncCommand<Model, Real> {
  readonly upload: number;
  readonly number: number;
  readonly key: string;
  readonly range: [number, number];
  constructor(upload: number, number: number, key: string, range: [number, number]) {
    this.upload = upload;
    this.number = number;
    this.key = key;
    this.range = range;
  }
  check = (model: Readonly<Model>): boolean => model.uploads.length > 0 && sizeOf(model.objects.get(this.key) ?? []) > partSize;
  async run(model: Model, { world }: Real): Promise<void> {
    const { id: uploadId, key, parts } = model.uploads[this.upload % model.uploads.length]!;
    const segments = model.objects.get(this.key)!;
    const { version } = await world.store.read('lookupObject', { ...world.bucket, key: this.key, partNumber: null });
    // A part is no smaller than 5 MiB.
    const offsetBytes = Math.floor(this.range[0] * (sizeOf(segments) - partSize));
    const sizeBytes = partSize + Math.floor(this.range[1] * (sizeOf(segments) - partSize - offsetBytes));
    await world.store.write('copyPart', {
      attempt: world.attempt(),
      ...world.bucket,
      key,
      uploadId,
      partNumber: this.number,
      etag: md5Like(this.number, 0),
      checksum: null,
      nowMs: world.nowMs,
      source: { ...world.bucket, key: this.key, versionNumber: version.versionNumber, offsetBytes, sizeBytes },
    });
    parts.set(this.number, rangeOf(segments, offsetBytes, sizeBytes));
  }
  toString = (): string => `part ${this.number} of upload ${this.upload} from ${this.key} [${this.range.join(', ')}]`;
}

class EndUpload implements fc.AsyncCommand<Model, Real> {
  readonly upload: number;
  readonly abort: boolean;
  constructor(upload: number, abort: boolean) {
    this.upload = upload;
    this.abort = abort;
  }
  check = (model: Readonly<Model>): boolean => model.uploads.length > 0;
  async run(model: Model, { world }: Real): Promise<void> {
    const upload = model.uploads[this.upload % model.uploads.length]!;
    const name = { ...world.bucket, key: upload.key, uploadId: upload.id };
    // Complete lists all parts but the last one that was put, which is released.
    const listed = [...upload.parts.keys()].toSorted((a, b) => a - b).slice(0, 3);
    model.uploads = model.uploads.filter((other) => other !== upload);
    if (this.abort || listed.length === 0) {
      await world.store.write('abortUpload', { attempt: world.attempt(), ...name, nowMs: world.nowMs });
      return;
    }
    const parts = listed.map((partNumber) => ({ partNumber, etag: md5Like(partNumber, 0), checksum: null }));
    await world.complete(name, [], { parts });
    model.objects.set(
      upload.key,
      listed.flatMap((number) => upload.parts.get(number)!),
    );
  }
  toString = (): string => `${this.abort ? 'abort' : 'complete'} ${this.upload}`;
}

class WorkGarbage implements fc.AsyncCommand<Model, Real> {
  readonly limit: number;
  constructor(limit: number) {
    this.limit = limit;
  }
  check = (): boolean => true;
  async run(_model: Model, { world }: Real): Promise<void> {
    await world.store.write('workGarbage', { nowMs: world.nowMs, deleteGraceMs: 0, limit: this.limit });
  }
  toString = (): string => `work off ${this.limit}`;
}

async function compare(model: Model, { world }: Real, store: LocalStore): Promise<void> {
  expect(await world.keys(world.bucket)).toEqual([...model.objects.keys()].toSorted());
  for (const [key, segments] of model.objects) {
    const found = await world.manifest(world.bucket, key);
    expect(found.map(({ id, skipBytes, useBytes }) => ({ id, from: skipBytes, to: skipBytes + useBytes }))).toEqual(segments);
  }
  expect(auditMetadata(store.rows)).toEqual([]);
}

describe('objects, copies and uploads', () => {
  it('are what a simple model says, with every reference counted', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const upload = fc.nat(2);
    const partNumber = fc.integer({ min: 1, max: 5 });
    const size = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: partSize, max: 2 * partSize }));
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    const commands = fc.commands(
      [
        fc.tuple(key, fc.array(size, { maxLength: 4 })).map(([key, sizes]) => new Put(key, sizes)),
        fc.uniqueArray(key, { minLength: 1 }).map((keys) => new Delete(keys)),
        fc.tuple(key, key).map(([from, to]) => new Copy(from, to)),
        key.map((key) => new StartUpload(key)),
        fc.tuple(upload, partNumber).map(([upload, number]) => new PutPart(upload, number)),
        fc.tuple(upload, partNumber, key, fc.tuple(fraction, fraction)).map((args) => new CopyPart(...args)),
        fc.tuple(upload, fc.boolean()).map(([upload, abort]) => new EndUpload(upload, abort)),
        fc.integer({ min: 1, max: 9 }).map((limit) => new WorkGarbage(limit)),
      ],
      { maxCommands: 30, size: 'max' },
    );
    let files = 0;
    await fc.assert(
      fc.asyncProperty(commands, async (commands) => {
        files += 1;
        const store = new LocalStore(join(folder, `${files}.db`));
        const real = { world: await MetadataWorld.start(store) };
        const model = new Model();
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await compare(model, real, store);
        // When all is worked off, only the chunks of what can be seen are left.
        await real.world.workGarbage(3);
        await compare(model, real, store);
        const visible = [...model.objects.values(), ...model.uploads.flatMap(({ parts }) => [...parts.values()])].flat();
        const live = new Set(visible.map(({ id }) => id));
        const { chunks } = await store.read('scanChunks', { afterId: null, limit: 1000 });
        // A body is released as a whole, so its other chunks may live longer than what a range shows of it.
        for (const id of live) expect(chunks.map((chunk) => chunk.id)).toContain(id);
        await real.world.delete(real.world.bucket, 'a', 'b', 'c', 'd');
        for (const { key, id: uploadId } of model.uploads) {
          await store.write('abortUpload', { attempt: real.world.attempt(), ...real.world.bucket, key, uploadId, nowMs: real.world.nowMs });
        }
        await real.world.workGarbage(5);
        expect(await store.read('statistics', {})).toMatchObject({ chunks: 0, chunkBytes: 0, objects: 0, garbage: 0, uploads: 0 });
        expect(auditMetadata(store.rows)).toEqual([]);
        store.close();
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  it('bear the largest upload: 10,000 parts', async () => {
    const store = new LocalStore(join(folder, 'large.db'));
    const world = await MetadataWorld.start(store);
    const uploadId = await world.createUpload(world.bucket, 'k', { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' });
    const name = { ...world.bucket, key: 'k', uploadId };
    const checksum = { algorithm: 'CRC64NVME', value: Buffer.alloc(8, 7).toString('base64') } as const;
    const numbers = Array.from({ length: partNumberMax }, (_, index) => index + 1);
    for (let at = 0; at < partNumberMax; at += 500) {
      await Promise.all(numbers.slice(at, at + 500).map((number) => world.putPart(name, number, partSize, { checksum })));
    }
    const version = await world.complete(
      name,
      numbers.map((number) => [number, partSize]),
    );
    expect(version).toMatchObject({ partCount: partNumberMax, sizeBytes: partNumberMax * partSize });
    const { part, manifest } = await store.read('lookupObject', { ...world.bucket, key: 'k', partNumber: 9_999 });
    expect(part).toEqual({ offsetBytes: 9_998 * partSize, sizeBytes: partSize });
    expect(manifest).toMatchObject({ chunks: [{ useBytes: partSize }, { useBytes: partSize }], nextOffsetBytes: null });
    await world.copy(world.bucket, 'k', 'l');
    await world.delete(world.bucket, 'k');
    expect(await world.workGarbage()).toBe(0);
    expect(await world.manifest(world.bucket, 'l')).toHaveLength(partNumberMax);
    await world.delete(world.bucket, 'l');
    expect(await world.workGarbage()).toBe(partNumberMax);
    expect(auditMetadata(store.rows)).toEqual([]);
    store.close();
  }, 120_000);
});
