import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../base/clock.js';
import { silentLog } from '../../base/log.js';
import { systemRandom } from '../../base/random.js';
import { uuidV7 } from '../../base/uuid.js';
import { MetadataStore } from '../../metadata/store.js';

/** A store of truth with three live nodes and a bucket, into which objects are committed as gateways do. */
export class MetadataBench {
  readonly #store: MetadataStore;
  readonly #bucket: { bucketId: number; factsVersion: number };
  readonly #nodeIds: string[];
  readonly #gateway = randomUUID();
  #counter = 0;

  private constructor(store: MetadataStore, bucket: { bucketId: number; factsVersion: number }, nodeIds: string[], counter: number) {
    this.#store = store;
    this.#bucket = bucket;
    this.#nodeIds = nodeIds;
    this.#counter = counter;
  }

  static async open(folder: string): Promise<MetadataBench> {
    mkdirSync(folder, { recursive: true });
    const store = await MetadataStore.open(
      {
        path: join(folder, 'metadata.sqlite'),
        onFault: (reason) => {
          throw reason;
        },
      },
      { clock: systemClock, log: silentLog },
    );
    const nowMs = Date.now();
    await store.write('initCluster', { clusterId: randomUUID() });
    await store.write('beginReign', { reignId: randomUUID(), knownEpoch: 0, takeOver: false });
    const nodeIds = [randomUUID(), randomUUID(), randomUUID()];
    for (const nodeId of nodeIds) {
      await store.write('upsertNode', {
        nodeId,
        boot: 1,
        address: `http://${nodeId}:42101`,
        host: nodeId,
        zone: '',
        condition: 'open',
        capacityBytes: 1e12,
        freeBytes: 1e12,
        nowMs,
      });
      await store.write('setNodeState', { nodeId, state: 'live', reason: null, boot: null, nowMs });
    }
    const attempt = { gateway: randomUUID(), boot: 1, counter: 1, lowestUnfinished: 1 };
    const { bucketId, factsVersion } = await store.write('createBucket', { attempt, bucket: 'bench', nowMs });
    return new MetadataBench(store, { bucketId, factsVersion }, nodeIds, 1);
  }

  /** Commits of new objects under random keys, so many at a time: commits a second. */
  async commit(options: { writers: number; durationMs: number; commitsMax: number }): Promise<number> {
    const begin = performance.now();
    let done = 0;
    const writer = async (): Promise<void> => {
      while (performance.now() - begin < options.durationMs && done < options.commitsMax) {
        await this.#commitOne(options.writers);
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: options.writers }, writer));
    return (done * 1000) / (performance.now() - begin);
  }

  async #commitOne(writers: number): Promise<void> {
    this.#counter += 1;
    const nowMs = Date.now();
    await this.#store.write('commitObject', {
      attempt: {
        gateway: this.#gateway,
        boot: 1,
        counter: this.#counter,
        lowestUnfinished: Math.max(1, this.#counter - writers),
      },
      ...this.#bucket,
      key: `${randomUUID()}/a-key-of-fifty`,
      conditions: { ifMatch: null, ifNoneMatch: null },
      headers: { 'content-type': 'application/octet-stream' },
      userMetadata: {},
      sizeBytes: 4096,
      etag: '0cc175b9c0f1b6a831c399e269772661',
      checksum: null,
      chunks: [{ id: uuidV7(nowMs, systemRandom), lengthBytes: 4096, crc32c: 1, generation: 1, nodeIds: this.#nodeIds }],
      replicationFactor: 3,
      writeQuorum: 2,
      nowMs,
    });
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
