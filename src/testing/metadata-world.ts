import type { Attempt } from '../metadata/attempt.js';
import type { CommitObjectArgs, CommitObjectResult } from '../metadata/transactions/commit-object.js';
import type { CommitPartArgs } from '../metadata/transactions/commit-part.js';
import type { CompleteUploadArgs } from '../metadata/transactions/complete-upload.js';
import type { CopyObjectArgs } from '../metadata/transactions/copy-object.js';
import type { UploadFlavour } from '../metadata/rules/find-upload.js';
import type { UpsertNodeArgs } from '../metadata/transactions/upsert-node.js';
import { PackedObjects } from '../model/listed-object.js';
import type { ManifestChunk, ObjectVersion } from '../model/object.js';
import type { RefusalCode } from '../model/refusal.js';
import type { WrittenChunk } from '../model/chunk.js';
import type { StoreUnderTest } from './store-under-test.js';

export const MiB = 1024 * 1024;

export const anyConditions = { ifMatch: null, ifNoneMatch: null };
export const anyReadConditions = { ...anyConditions, ifModifiedSinceMs: null, ifUnmodifiedSinceMs: null };
export const quorum = { replicationFactor: 3, writeQuorum: 2 };

export interface Bucket {
  bucketId: number;
  factsVersion: number;
}

/** A gateway and a few nodes around a store under test: says only what a test is about. Time and ids come from counters. */
export class MetadataWorld {
  readonly store: Pick<StoreUnderTest, 'write' | 'read'>;
  readonly gateway: string;
  nowMs = 1_000_000;
  #counter = 0;
  #ids: number;

  /** Worlds of different series make different ids. */
  constructor(store: Pick<StoreUnderTest, 'write' | 'read'>, series = 0) {
    this.store = store;
    this.gateway = numbered('9a7e0000', series);
    this.#ids = series * 1_000_000;
  }

  /** Three live nodes on three hosts, and a bucket. */
  static async start(store: Pick<StoreUnderTest, 'write' | 'read'>, series = 0): Promise<MetadataWorld & { bucket: Bucket }> {
    const world = new MetadataWorld(store, series);
    for (const n of [1, 2, 3]) await world.addNode(n);
    return Object.assign(world, { bucket: await world.createBucket('first') });
  }

  attempt(): Attempt {
    this.#counter += 1;
    return { gateway: this.gateway, boot: 1, counter: this.#counter, lowestUnfinished: Math.max(1, this.#counter - 5) };
  }

  node(n: number): string {
    return numbered('40de0000', n);
  }

  chunkId(): string {
    this.#ids += 1;
    return numbered('c4000000', this.#ids);
  }

  async addNode(n: number, facts: Partial<UpsertNodeArgs> = {}): Promise<number> {
    const size = { capacityBytes: 1e12, freeBytes: 5e11 };
    const place = { address: `http://node-${n}:42101`, host: `host-${n}`, zone: 'a' };
    const args = { nodeId: this.node(n), boot: 1, condition: 'open', ...place, ...size, nowMs: this.nowMs, ...facts } as const;
    return (await this.store.write('upsertNode', args)).nodeNumber;
  }

  async createBucket(bucket: string): Promise<Bucket> {
    const { bucketId, factsVersion } = await this.store.write('createBucket', { attempt: this.attempt(), bucket, nowMs: this.nowMs });
    return { bucketId, factsVersion };
  }

  chunk(lengthBytes: number, nodes: number[] = [1, 2, 3]): WrittenChunk {
    return { id: this.chunkId(), lengthBytes, crc32c: lengthBytes % 997, generation: 1, nodeIds: nodes.map((n) => this.node(n)) };
  }

  /** Arguments of a PUT of one chunk; an empty body has none. */
  putArgs(bucket: Bucket, key: string, sizeBytes: number, more: Partial<CommitObjectArgs> = {}): CommitObjectArgs {
    return {
      attempt: this.attempt(),
      ...bucket,
      key,
      conditions: anyConditions,
      headers: { 'content-type': 'text/plain' },
      userMetadata: {},
      sizeBytes,
      etag: `e${sizeBytes.toString(16)}`,
      checksum: null,
      chunks: sizeBytes === 0 ? [] : [this.chunk(sizeBytes)],
      ...quorum,
      nowMs: this.nowMs,
      ...more,
    };
  }

  put(bucket: Bucket, key: string, sizeBytes: number, more: Partial<CommitObjectArgs> = {}): Promise<CommitObjectResult> {
    return this.store.write('commitObject', this.putArgs(bucket, key, sizeBytes, more));
  }

  copy(bucket: Bucket, from: string, to: string, more: Partial<CopyObjectArgs> = {}): Promise<ObjectVersion> {
    const source = { ...bucket, key: from, conditions: anyReadConditions };
    const target = { ...bucket, key: to, conditions: anyConditions };
    return this.store.write('copyObject', { attempt: this.attempt(), source, target, replace: null, nowMs: this.nowMs, ...more });
  }

  async delete(bucket: Bucket, ...keys: string[]): Promise<(RefusalCode | null)[]> {
    const named = keys.map((key) => ({ key, ifMatch: null }));
    const { refusals } = await this.store.write('deleteObjects', {
      attempt: this.attempt(),
      ...bucket,
      keys: named,
      nowMs: this.nowMs,
    });
    return refusals;
  }

  async createUpload(bucket: Bucket, key: string, checksum: UploadFlavour | null = null): Promise<string> {
    this.#ids += 1;
    const uploadId = numbered('00b10ad0', this.#ids);
    const attributes = { headers: { 'content-type': 'video/mp4' }, userMetadata: { by: 'parts' } };
    await this.store.write('createUpload', {
      attempt: this.attempt(),
      ...bucket,
      key,
      uploadId,
      ...attributes,
      checksum,
      nowMs: this.nowMs,
    });
    return uploadId;
  }

  putPart(name: Bucket & { key: string; uploadId: string }, partNumber: number, sizeBytes: number, more: Partial<CommitPartArgs> = {}) {
    return this.store.write('commitPart', {
      attempt: this.attempt(),
      ...name,
      partNumber,
      sizeBytes,
      etag: md5Like(partNumber, sizeBytes),
      checksum: null,
      chunks: sizeBytes === 0 ? [] : [this.chunk(sizeBytes)],
      ...quorum,
      nowMs: this.nowMs,
      ...more,
    });
  }

  complete(
    name: Bucket & { key: string; uploadId: string },
    parts: [partNumber: number, sizeBytes: number][],
    more: Partial<CompleteUploadArgs> = {},
  ): Promise<ObjectVersion> {
    return this.store.write('completeUpload', {
      attempt: this.attempt(),
      ...name,
      conditions: anyConditions,
      parts: parts.map(([partNumber, sizeBytes]) => ({ partNumber, etag: md5Like(partNumber, sizeBytes), checksum: null })),
      expectedChecksum: null,
      expectedSizeBytes: null,
      nowMs: this.nowMs,
      ...more,
    });
  }

  /** All of an object's manifest, over as many pages as it has. */
  async manifest(bucket: Bucket, key: string): Promise<ManifestChunk[]> {
    const { version, manifest } = await this.store.read('lookupObject', { ...bucket, key, partNumber: null });
    const chunks = [...manifest.chunks];
    for (let next = manifest.nextOffsetBytes; next !== null;) {
      const page = await this.store.read('readManifest', { versionNumber: version.versionNumber, offsetBytes: next });
      chunks.push(...page.chunks);
      next = page.nextOffsetBytes;
    }
    return chunks;
  }

  async keys(bucket: Bucket): Promise<string[]> {
    const { objects } = await this.store.read('listObjects', { ...bucket, prefix: '', delimiter: '', startAfter: '', limit: 1000 });
    const keys: string[] = [];
    for (const listed = new PackedObjects(objects); listed.next();) keys.push(listed.key);
    return keys;
  }

  /** Works off all garbage that is due now. */
  async workGarbage(limit = 500): Promise<number> {
    let doomed = 0;
    for (;;) {
      const { chunksDoomed, more } = await this.store.write('workGarbage', { nowMs: this.nowMs, deleteGraceMs: 0, limit });
      doomed += chunksDoomed;
      if (!more) return doomed;
    }
  }
}

export function numbered(first: string, n: number): string {
  return `${first}-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
}

/** An ETag of a part that can be told from others. */
export function md5Like(partNumber: number, sizeBytes: number): string {
  return partNumber.toString(16).padStart(8, '0') + sizeBytes.toString(16).padStart(24, '0');
}
