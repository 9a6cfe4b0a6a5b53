import { connect } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { must } from '../base/must.js';
import { systemRandom } from '../base/random.js';
import { Admission, admissionLimits, type AdmissionLimits } from '../gateway/admission.js';
import { BucketCache } from '../gateway/bucket-cache.js';
import type { BodyStore } from '../gateway/body-store.js';
import { Listener } from '../gateway/listener.js';
import { MasterClient } from '../gateway/master-client.js';
import { GatewayMetrics } from '../gateway/metrics.js';
import type { ObjectVersion } from '../model/object.js';
import { Refusal } from '../model/refusal.js';
import { BodyHashers } from '../s3/body-hasher.js';
import { RequestSigner } from '../s3/sign.js';
import { SignatureVerifier } from '../s3/sigv4.js';
import type { WireClient } from '../wire/api.js';
import type { RequestOf, ResponseOf, Verb } from '../wire/verbs.js';

export const doorRegion = 'eu-test-1';
export const doorCredentials = { accessKeyId: 'AKIDDOOR', secretAccessKey: 'a-secret-of-the-door-in-tests' };
/** The one bucket behind the door. */
const doorBucket = 'bkt';

/** An S3 port with nothing behind it but memory: for what happens before the master and the nodes are asked. */
export interface S3Door {
  port: number;
  host: string;
  signer: RequestSigner;
  /** Verbs that reached the master, in order. */
  readonly verbs: Verb[];
  /** Objects by key. */
  readonly objects: Map<string, { version: ObjectVersion; chunkId: string | null }>;
  /** Chunk bytes that were written, also those that no commit named. */
  readonly writtenBytes: () => number;
  close(): Promise<void>;
}

export async function openS3Door(
  options: { limits?: Partial<AdmissionLimits>; baseDomain?: string; tls?: SecureContextOptions } = {},
): Promise<S3Door> {
  const verbs: Verb[] = [];
  const objects: S3Door['objects'] = new Map();
  const chunks = new MemoryBodies();
  const wire = {
    call: async (verb: Verb, head: unknown) => {
      verbs.push(verb);
      return Promise.resolve({ head: answerOf(verb, head, objects) });
    },
  } as unknown as Pick<WireClient, 'call'>;
  const parts = { clock: systemClock, log: silentLog, random: systemRandom };
  const gatewayId = systemRandom.uuidV4();
  const master = new MasterClient(wire, { gatewayId, masterWaitMs: 1000 }, parts);
  const admission = new Admission({ ...admissionLimits, ...options.limits }, systemClock);
  const hashers = await BodyHashers.create();
  const listener = new Listener({
    ...parts,
    tls: options.tls ?? null,
    gatewayId,
    metrics: new GatewayMetrics(),
    baseDomain: options.baseDomain ?? null,
    services: { master, buckets: new BucketCache(master), chunks, hashers, admission, region: doorRegion },
    verifier: new SignatureVerifier({
      region: doorRegion,
      secretOf: (id) => (id === doorCredentials.accessKeyId ? doorCredentials.secretAccessKey : null),
    }),
  });
  await listener.listen({ host: '127.0.0.1', port: 0 });
  return {
    port: listener.port,
    host: `127.0.0.1:${listener.port}`,
    signer: new RequestSigner(doorCredentials, doorRegion),
    verbs,
    objects,
    writtenBytes: () => chunks.writtenBytes,
    async close() {
      await listener.stop(1000);
      await hashers.close();
    },
  };
}

/** Chunks whose "id" finds their bytes again. */
class MemoryBodies implements BodyStore {
  readonly bytes = new Map<string, Buffer>();
  writtenBytes = 0;

  async write(
    source: Buffer[] | AsyncIterable<Buffer>,
  ): Promise<{ id: string; lengthBytes: number; crc32c: number; generation: number; nodeIds: string[] }[]> {
    const pieces: Buffer[] = [];
    for await (const piece of source) {
      pieces.push(Buffer.from(piece));
      this.writtenBytes += piece.length;
    }
    const id = systemRandom.uuidV4();
    const whole = Buffer.concat(pieces);
    this.bytes.set(id, whole);
    return [{ id, lengthBytes: whole.length, crc32c: 0, generation: 1, nodeIds: [] }];
  }

  async *read(
    found: Pick<ResponseOf<'lookupObject'>, 'manifest'>,
    range: { startBytes: number; endBytes: number },
  ): AsyncGenerator<Buffer> {
    const [chunk] = found.manifest.chunks;
    yield await Promise.resolve(must(this.bytes.get(must(chunk, 'chunk').id), 'bytes').subarray(range.startBytes, range.endBytes));
  }
}

function answerOf(verb: Verb, head: unknown, objects: S3Door['objects']): unknown {
  if (verb === 'getBucket') {
    if ((head as RequestOf<'getBucket'>).bucket !== doorBucket) throw new Refusal('no-such-bucket');
    return { bucketId: 1, factsVersion: 1, createdMs: 0 };
  }
  if (verb === 'commitObject') {
    const { key, headers, userMetadata, sizeBytes, etag, checksum, chunks: written } = head as RequestOf<'commitObject'>;
    const version = {
      versionNumber: objects.size + 1,
      headers,
      userMetadata,
      sizeBytes,
      etag,
      checksum,
      lastModifiedMs: 1000,
      partCount: null,
    };
    objects.set(key, { version, chunkId: written[0]?.id ?? null });
    return { versionNumber: version.versionNumber, lastModifiedMs: 1000 };
  }
  if (verb === 'lookupObject') {
    const object = objects.get((head as RequestOf<'lookupObject'>).key);
    if (!object) throw new Refusal('no-such-key');
    return { version: object.version, part: null, manifest: { chunks: [{ id: object.chunkId }], nextOffsetBytes: null } };
  }
  throw new Refusal('internal', `${verb} has no answer behind this door`);
}

/** Sends bytes on a fresh socket and gives all that comes back until the peer closes, or `until` has been heard. */
export function talk(port: number, bytes: string, options: { until?: string; ends?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    const done = (): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', (piece) => {
      heard += piece.toString('latin1');
      if (options.until !== undefined && heard.includes(options.until)) done();
    });
    socket.once('close', done);
    socket.once('error', (error) => (heard === '' ? reject(error) : done()));
    if (options.ends) socket.end(bytes);
    else socket.write(bytes);
  });
}
