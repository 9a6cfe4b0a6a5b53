import { z } from 'zod';
import {
  batchRowsMax,
  commitChunksMax,
  deleteKeysMax,
  keyBytesMax,
  listKeysMax,
  manifestChunksMax,
  nodesMax,
  partNumberMax,
  replicationFactorMax,
} from '../model/limits.js';
import { nodeSights } from '../model/node-sight.js';
import { nodeStates, volumeConditions } from '../model/node.js';
import { checksumAlgorithms, checksumTypes } from '../model/object.js';
import { integerUpTo, textByName, textOf } from './plain-types.js';

/*
 * Every verb that one process may ask of another: the shape of its head in both directions. Heads are JSON; bytes
 * of chunks and lists travel beside them, raw. Prefer a new verb to an optional field.
 */

const count = integerUpTo(Number.MAX_SAFE_INTEGER);
const uuid = textOf(36, 36);
const crc = integerUpTo(0xffffffff);
const text = textOf(0, 4096);
const key = textOf(1, keyBytesMax);

const viewNumber = z.object({ epoch: count, n: count });

/** One try to change something: repeats with the same counter are harmless, the first outcome is given again. */
const attemptSchema = z.object({
  gateway: uuid,
  boot: count,
  counter: count,
  /** Every counter below is finished: its outcome may be forgotten. */
  lowestUnfinished: count,
});
export type Attempt = z.infer<typeof attemptSchema>;

const chunkFacts = { id: uuid, lengthBytes: count, crc32c: crc };
const writtenChunk = z.object({ ...chunkFacts, generation: count, nodeIds: z.array(uuid).max(replicationFactorMax) });

const attributes = {
  headers: textByName(),
  userMetadata: textByName(),
};
const checksumAlgorithm = z.enum(checksumAlgorithms);
const checksumType = z.enum(checksumTypes);
const checksum = z.object({ algorithm: checksumAlgorithm, type: checksumType, value: text });
const version = z.object({
  ...attributes,
  versionNumber: count,
  sizeBytes: count,
  etag: text,
  lastModifiedMs: count,
  checksum: checksum.nullable(),
  partCount: count.nullable(),
});
const manifestPage = z.object({
  chunks: z
    .array(
      z.object({
        ...chunkFacts,
        objectOffsetBytes: count,
        skipBytes: count,
        useBytes: count,
        nodeNumbers: z.array(count).max(replicationFactorMax * 2),
      }),
    )
    .max(manifestChunksMax),
  nextOffsetBytes: count.nullable(),
});
const viewNode = z.object({
  nodeId: text,
  nodeNumber: count,
  address: text,
  host: text,
  zone: text,
  state: z.enum(nodeStates),
  writable: z.boolean(),
  freeBytes: count,
  capacityBytes: count,
});
const view = z.object({
  number: viewNumber,
  clusterId: uuid,
  replicationFactor: count,
  writeQuorum: count,
  sweepGeneration: count,
  nodes: z.array(viewNode).max(nodesMax),
});
const conditions = z.object({ ifMatch: text.nullable(), ifNoneMatch: text.nullable() });
const readConditions = z.object({
  ifMatch: text.nullable(),
  ifNoneMatch: text.nullable(),
  ifModifiedSinceMs: count.nullable(),
  ifUnmodifiedSinceMs: count.nullable(),
});

/** A bucket and the version of its facts that the sender decided on. */
const inBucket = { bucketId: count, factsVersion: count };
const nothing = z.object({});
const partName = { ...inBucket, key, uploadId: text };
const sourceObject = z.object({ ...inBucket, key, conditions: readConditions });

/** An order of the master to one datanode. Ordered by (epoch, n); carried out in this order. */
const order = z.discriminatedUnion('kind', [
  /** Fetch the chunk from one of `sources`, compare with these facts, store, report. */
  z.object({
    kind: z.literal('copy'),
    epoch: count,
    n: count,
    ...chunkFacts,
    chunkKind: z.enum(['chunk', 'rest']),
    generation: count,
    sources: z.array(z.object({ nodeId: uuid, address: text })).max(replicationFactorMax),
  }),
  z.object({ kind: z.literal('delete'), epoch: count, n: count, id: uuid }),
  /** Say whether the chunk is here with these facts; `deep` reads every byte. */
  z.object({ kind: z.literal('verify'), epoch: count, n: count, ...chunkFacts, deep: z.boolean() }),
  /** A person has cleared the quarantine: remove its marker after a deep scrub found nothing. */
  z.object({ kind: z.literal('clear'), epoch: count, n: count }),
]);
export type Order = z.infer<typeof order>;
/** `unreachable`: no source could be read, nothing is known; `failed`: see the node's log; both are ordered again. */
const orderOutcome = z.enum(['done', 'missing', 'damaged', 'unreachable', 'full', 'failed']);
export type OrderOutcome = z.infer<typeof orderOutcome>;

interface VerbShape {
  /** Stands for the verb in a frame; never used again for another. */
  code: number;
  /** The role that answers it. */
  to: 'master' | 'datanode';
  /** `small`: answers never wait behind a bulk body. */
  lane: 'small' | 'bulk';
  request: z.ZodType;
  response: z.ZodType;
  /** What closes a request body: facts that are known only after its last byte. */
  trailer: z.ZodType | null;
}

export const verbs = {
  // ---- gateway → master: the cluster and its buckets
  getView: { code: 1, to: 'master', lane: 'small', request: nothing, response: view, trailer: null },
  getBucket: {
    code: 2,
    to: 'master',
    lane: 'small',
    request: z.object({ bucket: text }),
    response: z.object({ ...inBucket, createdMs: count }),
    trailer: null,
  },
  listBuckets: {
    code: 3,
    to: 'master',
    lane: 'small',
    request: z.object({ prefix: text, startAfter: text, limit: z.int().min(1).max(listKeysMax) }),
    response: z.object({ buckets: z.array(z.object({ name: text, createdMs: count })), truncated: z.boolean() }),
    trailer: null,
  },
  createBucket: {
    code: 4,
    to: 'master',
    lane: 'small',
    request: z.object({ attempt: attemptSchema, bucket: text }),
    response: z.object({ ...inBucket, createdMs: count }),
    trailer: null,
  },
  deleteBucket: {
    code: 5,
    to: 'master',
    lane: 'small',
    request: z.object({ attempt: attemptSchema, ...inBucket }),
    response: nothing,
    trailer: null,
  },

  // ---- gateway → master: objects
  lookupObject: {
    code: 10,
    to: 'master',
    lane: 'small',
    /** `partNumber`: the manifest begins at that part (S3 GetObject with partNumber). */
    request: z.object({ ...inBucket, key, partNumber: z.int().min(1).max(partNumberMax).nullable() }),
    response: z.object({
      version,
      /** The byte range of the asked part in the object, else null. */
      part: z.object({ offsetBytes: count, sizeBytes: count }).nullable(),
      manifest: manifestPage,
    }),
    trailer: null,
  },
  /** The manifest from an offset on, also of a version that was overwritten while somebody reads it. */
  readManifest: {
    code: 11,
    to: 'master',
    lane: 'small',
    request: z.object({ versionNumber: count, offsetBytes: count }),
    response: manifestPage,
    trailer: null,
  },
  commitObject: {
    code: 12,
    to: 'master',
    lane: 'small',
    request: z.object({
      attempt: attemptSchema,
      ...inBucket,
      key,
      conditions,
      ...attributes,
      sizeBytes: count,
      etag: text,
      checksum: checksum.nullable(),
      chunks: z.array(writtenChunk).max(commitChunksMax),
    }),
    response: z.object({ versionNumber: count, lastModifiedMs: count }),
    trailer: null,
  },
  copyObject: {
    code: 13,
    to: 'master',
    lane: 'small',
    request: z.object({
      attempt: attemptSchema,
      source: sourceObject,
      target: z.object({ ...inBucket, key, conditions }),
      /** Null keeps the attributes of the source (x-amz-metadata-directive: COPY). */
      replace: z.object(attributes).nullable(),
    }),
    response: version,
    trailer: null,
  },
  /** DeleteObject is a list of one. A key that is not there counts as deleted. */
  deleteObjects: {
    code: 14,
    to: 'master',
    lane: 'small',
    request: z.object({
      attempt: attemptSchema,
      ...inBucket,
      keys: z
        .array(z.object({ key, ifMatch: text.nullable() }))
        .min(1)
        .max(deleteKeysMax),
    }),
    /** In the order of the request; null means deleted, else the refusal's code. */
    response: z.object({ refusals: z.array(text.nullable()) }),
    trailer: null,
  },
  listObjects: {
    code: 15,
    to: 'master',
    lane: 'small',
    request: z.object({
      ...inBucket,
      prefix: z.string().max(keyBytesMax),
      delimiter: z.string().max(keyBytesMax),
      /** Only what sorts after it, as bytes of UTF-8; a common prefix given here is wholly skipped. */
      startAfter: z.string().max(2 * keyBytesMax),
      limit: z.int().min(0).max(listKeysMax),
    }),
    /** The body of the answer are the objects as a packed list (model/listed-object.ts): as JSON they cost half of a list. */
    response: z.object({
      objectCount: integerUpTo(listKeysMax),
      prefixes: z.array(z.string()),
      /** Where the next page starts (goes into its `startAfter`), null when this is the last. */
      nextStartAfter: z.string().nullable(),
    }),
    trailer: null,
  },

  // ---- gateway → master: multipart uploads
  createUpload: {
    code: 20,
    to: 'master',
    lane: 'small',
    request: z.object({
      attempt: attemptSchema,
      ...inBucket,
      key,
      ...attributes,
      checksum: z.object({ algorithm: checksumAlgorithm, type: checksumType }).nullable(),
    }),
    response: z.object({ uploadId: text, initiatedMs: count }),
    trailer: null,
  },
  getUpload: {
    code: 21,
    to: 'master',
    lane: 'small',
    request: z.object(partName),
    response: z.object({
      initiatedMs: count,
      checksum: z.object({ algorithm: checksumAlgorithm, type: checksumType }).nullable(),
    }),
    trailer: null,
  },
  commitPart: {
    code: 22,
    to: 'master',
    lane: 'small',
    request: z.object({
      attempt: attemptSchema,
      ...partName,
      partNumber: z.int().min(1).max(partNumberMax),
      sizeBytes: count,
      etag: text,
      /** Of the part alone: in the upload's algorithm, or what its client named where the upload has none. */
      checksum: z.object({ algorithm: checksumAlgorithm, value: text }).nullable(),
      chunks: z.array(writtenChunk).max(commitChunksMax),
    }),
    response: z.object({ lastModifiedMs: count }),
    trailer: null,
  },
  /** Makes a part of a byte range of an object by sharing its bodies; refused when the source is no longer that version. */
  copyPart: {
    code: 23,
    to: 'master',
    lane: 'small',
    request: z.object({
      attempt: attemptSchema,
      source: z.object({ ...inBucket, key, versionNumber: count, offsetBytes: count, sizeBytes: count }),
      ...partName,
      partNumber: z.int().min(1).max(partNumberMax),
      /** MD5 of exactly these bytes, computed by the gateway. */
      etag: text,
      checksum: z.object({ algorithm: checksumAlgorithm, value: text }).nullable(),
    }),
    response: z.object({ lastModifiedMs: count }),
    trailer: null,
  },
  completeUpload: {
    code: 24,
    to: 'master',
    lane: 'small',
    request: z.object({
      attempt: attemptSchema,
      ...partName,
      conditions,
      parts: z
        .array(
          z.object({
            partNumber: z.int().min(1).max(partNumberMax),
            etag: text,
            checksum: text.nullable(),
          }),
        )
        .min(1)
        .max(partNumberMax),
      /** What the client says the whole object's checksum is; compared with what the parts give. */
      expectedChecksum: text.nullable(),
      /** x-amz-mp-object-size */
      expectedSizeBytes: count.nullable(),
    }),
    response: version,
    trailer: null,
  },
  abortUpload: {
    code: 25,
    to: 'master',
    lane: 'small',
    request: z.object({ attempt: attemptSchema, ...partName }),
    response: nothing,
    trailer: null,
  },
  listParts: {
    code: 26,
    to: 'master',
    lane: 'small',
    request: z.object({ ...partName, afterPartNumber: count, limit: z.int().min(0).max(listKeysMax) }),
    response: z.object({
      parts: z.array(
        z.object({
          partNumber: count,
          sizeBytes: count,
          etag: text,
          lastModifiedMs: count,
          checksum: z.object({ algorithm: checksumAlgorithm, value: text }).nullable(),
        }),
      ),
      truncated: z.boolean(),
      initiatedMs: count,
      checksum: z.object({ algorithm: checksumAlgorithm, type: checksumType }).nullable(),
    }),
    trailer: null,
  },
  listUploads: {
    code: 27,
    to: 'master',
    lane: 'small',
    request: z.object({
      ...inBucket,
      prefix: z.string().max(keyBytesMax),
      delimiter: z.string().max(keyBytesMax),
      keyMarker: z.string().max(2 * keyBytesMax),
      uploadIdMarker: text,
      limit: z.int().min(0).max(listKeysMax),
    }),
    response: z.object({
      uploads: z.array(
        z.object({
          key,
          uploadId: text,
          initiatedMs: count,
          checksum: z.object({ algorithm: checksumAlgorithm, type: checksumType }).nullable(),
        }),
      ),
      prefixes: z.array(z.string()),
      nextKeyMarker: z.string().nullable(),
      nextUploadIdMarker: z.string().nullable(),
    }),
    trailer: null,
  },

  // ---- gateway → master: replicas
  /** Receipts that came after the commit. Harmless when repeated; a chunk that is not there is passed over. */
  addReplicas: {
    code: 30,
    to: 'master',
    lane: 'small',
    request: z.object({ chunks: z.array(z.object({ ...chunkFacts, nodeIds: z.array(uuid) })).max(batchRowsMax) }),
    response: nothing,
    trailer: null,
  },
  /** A reader got wrong bytes or "no such chunk" from a node that the manifest names. */
  reportReplica: {
    code: 31,
    to: 'master',
    lane: 'small',
    request: z.object({ id: uuid, nodeId: uuid, problem: z.enum(['missing', 'damaged']) }),
    response: nothing,
    trailer: null,
  },

  // ---- datanode → master
  /** The first one registers the node. Refused: cluster-foreign, boot-stale, reign-stale. */
  heartbeat: {
    code: 40,
    to: 'master',
    lane: 'small',
    request: z.object({
      nodeId: uuid,
      boot: count,
      /** Null: formatted without a cluster, asks to be adopted. */
      clusterId: uuid.nullable(),
      /** The highest reign that this volume has obeyed: a master below it, or beside it, learns here that it was outbid. */
      reign: z.object({ epoch: count, id: uuid }).nullable(),
      address: text,
      host: text,
      zone: text,
      condition: z.enum(volumeConditions),
      capacityBytes: count,
      freeBytes: count,
      usedBytes: count,
      chunkCount: count,
      /** Sequence of the last record of the volume's log, and a digest over all records up to it. */
      logSequence: count,
      logDigest: text,
      /** The digest at the sequence that the master named last (proves that the volume did not go back in time), or null. */
      provenDigest: text.nullable(),
    }),
    response: z.object({
      clusterId: uuid,
      reign: z.object({ epoch: count, id: uuid }),
      viewNumber,
      sweepGeneration: count,
      state: viewNode.shape.state,
      /** Answer with the digest at this sequence in the next heartbeat, or null. */
      proveSequence: count.nullable(),
    }),
    trailer: null,
  },
  /**
   * A long poll: answers as soon as there is an order, or empty after `waitMs`. `receivedN` is the highest n of this
   * reign that this start of the node has received, 0 before the first: what was given out above it is given anew.
   */
  takeOrders: {
    code: 41,
    to: 'master',
    lane: 'small',
    request: z.object({ nodeId: uuid, boot: count, credit: z.int().min(1).max(1000), waitMs: count, receivedN: count }),
    response: z.object({ orders: z.array(order).max(1000) }),
    trailer: null,
  },
  reportOrders: {
    code: 42,
    to: 'master',
    lane: 'small',
    request: z.object({
      nodeId: uuid,
      boot: count,
      results: z.array(z.object({ epoch: count, n: count, outcome: orderOutcome })).max(1000),
    }),
    response: nothing,
    trailer: null,
  },
  /** A chunk stored through `PUT /objects/{id}`. */
  reportChunk: {
    code: 43,
    to: 'master',
    lane: 'small',
    request: z.object({ nodeId: uuid, boot: count, ...chunkFacts, generation: count }),
    response: nothing,
    trailer: null,
  },
  diskFault: {
    code: 44,
    to: 'master',
    lane: 'small',
    request: z.object({ nodeId: uuid, boot: count, reason: text }),
    response: nothing,
    trailer: null,
  },

  // ---- controller → master
  /**
   * What the controller sees in Kubernetes, whole: sent at each change and every `clusterReportMs` (a setting); answered with what
   * the master made of it. Refused (`observer-stale`) below the highest election epoch that was ever
   * accepted (`getElection`).
   */
  reportCluster: {
    code: 50,
    to: 'master',
    lane: 'small',
    request: z.object({
      /** Of the controller's election: raised with each change of the leader. */
      electionEpoch: count,
      holder: text,
      /** Zones of the machines; null: the machine has no zone label. */
      hosts: z.array(z.object({ host: text, zone: text.nullable() })).max(nodesMax),
      /** By the datanode's own address. Of several for one address the gravest counts. */
      nodes: z.array(z.object({ address: text, sight: z.enum(nodeSights), reason: text })).max(nodesMax),
    }),
    response: z.object({
      nodes: z
        .array(
          z.object({
            nodeId: text,
            address: text,
            state: z.enum(nodeStates),
            zone: text,
            host: text,
            silentMs: count,
          }),
        )
        .max(nodesMax),
      underReplicatedChunks: count,
      /** With one copy, and with none, in the last whole scan; null before the first has ended. */
      atRiskChunks: count.nullable(),
      missingChunks: count.nullable(),
    }),
    trailer: null,
  },

  /** The highest election epoch that was ever accepted: a controller that was refused is elected anew above it. */
  getElection: { code: 51, to: 'master', lane: 'small', request: nothing, response: z.object({ electionEpoch: count }), trailer: null },

  // ---- gateway, master, datanode → datanode
  /**
   * Stores the body under `id`. A repeat with equal length and CRC gets the same receipt; anything else under that id
   * is refused (chunk-conflict).
   */
  putChunk: {
    code: 60,
    to: 'datanode',
    lane: 'bulk',
    request: z.object({
      id: uuid,
      kind: z.enum(['chunk', 'rest']),
      generation: count,
      origin: z.object({
        bucketId: count.nullable(),
        key: key.nullable(),
        partNumber: count.nullable(),
        index: count,
      }),
    }),
    response: z.object({ ...chunkFacts, nodeId: uuid }),
    trailer: z.object({ lengthBytes: count, crc32c: crc }),
  },
  /**
   * Bytes [startBytes, endBytes) of a chunk, widened to whole blocks. The answer's body is the list of block CRCs of
   * the whole chunk (4 bytes each, little endian; none for a packed chunk, which is sent whole), then the bytes
   * [bodyStartBytes, bodyEndBytes).
   */
  getChunk: {
    code: 61,
    to: 'datanode',
    lane: 'bulk',
    request: z.object({ id: uuid, startBytes: count, endBytes: count.nullable() }),
    response: z.object({
      ...chunkFacts,
      blockCount: count,
      bodyStartBytes: count,
      bodyEndBytes: count,
    }),
    trailer: null,
  },
  ping: { code: 62, to: 'datanode', lane: 'small', request: nothing, response: z.object({ nodeId: uuid }), trailer: null },
} satisfies Record<string, VerbShape>;

export type Verb = keyof typeof verbs;
export type RequestOf<V extends Verb> = z.infer<(typeof verbs)[V]['request']>;
export type ResponseOf<V extends Verb> = z.infer<(typeof verbs)[V]['response']>;
export type TrailerOf<V extends Verb> = (typeof verbs)[V]['trailer'] extends z.ZodType ? z.infer<(typeof verbs)[V]['trailer']> : null;
export type VerbTo<Role extends 'master' | 'datanode'> = {
  [V in Verb]: (typeof verbs)[V]['to'] extends Role ? V : never;
}[Verb];
