import { z } from 'zod';
import { parseUuid } from '../../base/uuid.js';
import type { ChunkFacts } from '../../model/chunk.js';
import { keyBytesMax } from '../../model/limits.js';
import { copiesCount } from '../../model/node-state.js';
import type { ManifestPage } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import { copyWords } from '../copy-words.js';
import { statusOf } from '../status.js';
import type { RestContext } from './context.js';
import { route, type Route } from './route.js';

/** Pages of a manifest that one explanation shows; a page has up to 256 chunks. */
const explainedPagesMax = 8;

const count = z.int().nonnegative();
const statusShape = z
  .object({
    verdict: z.enum(['healthy', 'degraded', 'at-risk', 'writes-stopped', 'data-missing']),
    words: z.array(z.string()),
    clusterId: z.string(),
    view: z.object({ epoch: count, n: count }),
    sweepGeneration: count,
    replicationFactor: count,
    writeQuorum: count,
    unsafe: z.boolean(),
    nodes: z.record(z.string(), count),
    writableNodes: count,
    writesSurviveNodes: count,
    copiesShareHost: z.boolean(),
    counts: z.record(z.string(), z.number()),
    census: z.object({ chunks: count, short: count, atRisk: count, none: count, takenAtWallMs: z.number() }).nullable(),
    copiesUnderWay: count,
  })
  .meta({ id: 'Status' });

const explanationShape = z
  .object({
    object: z.record(z.string(), z.unknown()).nullable(),
    words: z.string(),
    truncated: z.boolean(),
    chunks: z.array(
      z.object({
        id: z.string(),
        lengthBytes: count,
        words: z.string(),
        copies: z.array(
          z.object({ nodeId: z.string(), address: z.string(), host: z.string(), zone: z.string(), state: z.string(), counts: z.boolean() }),
        ),
      }),
    ),
  })
  .meta({ id: 'Explanation' });

export function statusRoutes(context: RestContext): Route[] {
  const { store, registry, repair, checker } = context;
  const health = route(
    {
      method: 'GET',
      path: '/health',
      summary: 'Answers while the process serves',
      open: true,
      answers: { 200: { description: 'It does', schema: z.object({ status: z.literal('ok') }) } },
    },
    () => Promise.resolve({ status: 200, json: { status: 'ok' } }),
  );

  const status = route(
    {
      method: 'GET',
      path: '/api/status',
      summary: 'One picture of what is at risk',
      answers: { 200: { description: 'The picture', schema: statusShape } },
    },
    () => {
      const { census, copiesUnderWay } = repair;
      const onlyDamaged = checker.onlyDamaged().size;
      return Promise.resolve({
        status: 200,
        json: statusOf({
          view: registry.view(),
          counts: store.read('statistics', {}),
          census,
          onlyDamaged,
          copiesUnderWay,
          metadataHasRoom: store.hasRoom,
        }),
      });
    },
  );

  const explain = route(
    {
      method: 'GET',
      path: '/api/explain',
      summary: 'Where an object lives and how healthy each of its copies is; by bucket and key, or by the id of a REST object or chunk',
      query: z.object({
        bucket: z.string().max(63).optional(),
        key: z.string().max(keyBytesMax).optional(),
        object: z.string().max(64).optional(),
      }),
      answers: { 200: { description: 'The explanation', schema: explanationShape } },
    },
    ({ query }) => {
      const { bucket, key, object } = query;
      if (object !== undefined && bucket === undefined && key === undefined) return Promise.resolve(explainChunk(object, context));
      if (object === undefined && bucket !== undefined && key !== undefined) return Promise.resolve(explainKey(bucket, key, context));
      throw new Refusal('argument-invalid', 'Either bucket and key, or object, is wanted.');
    },
  );
  return [health, status, explain];
}

type Explained = { status: number; json: z.input<typeof explanationShape> };

function explainChunk(object: string, context: RestContext): Explained {
  const id = parseUuid(object);
  if (id === null) throw new Refusal('argument-invalid', 'The id is not a UUID.');
  const chunk = context.store.read('getChunk', { id });
  if (!chunk) throw new Refusal('object-unknown');
  const { kind, state, generation } = chunk;
  return { status: 200, json: { object: { id, kind, state, generation }, ...explainChunks([chunk], context), truncated: false } };
}

function explainKey(bucket: string, key: string, context: RestContext): Explained {
  const { store } = context;
  const { bucketId, factsVersion } = store.read('getBucket', { bucket });
  const { version, manifest } = store.read('lookupObject', { bucketId, factsVersion, key, partNumber: null });
  let page: ManifestPage = manifest;
  const chunks = [...page.chunks];
  for (let pages = 1; page.nextOffsetBytes !== null && pages < explainedPagesMax; pages += 1) {
    page = store.read('readManifest', { versionNumber: version.versionNumber, offsetBytes: page.nextOffsetBytes });
    chunks.push(...page.chunks);
  }
  const { versionNumber, sizeBytes, etag, partCount } = version;
  const object = { bucket, key, versionNumber, sizeBytes, etag, partCount, lastModified: new Date(version.lastModifiedMs).toISOString() };
  return { status: 200, json: { object, ...explainChunks(chunks, context), truncated: page.nextOffsetBytes !== null } };
}

function explainChunks(
  chunks: readonly (ChunkFacts & { nodeNumbers: number[] })[],
  { registry, quorum, checker }: RestContext,
): Pick<Explained['json'], 'words' | 'chunks'> {
  const unhealthy: string[] = [];
  const onlyDamaged = checker.onlyDamaged();
  const explained = chunks.map(({ id, lengthBytes, nodeNumbers }) => {
    const nodes = registry.holders(nodeNumbers);
    const { healthy, words } = copyWords(nodes, quorum.replicationFactor, onlyDamaged.has(id));
    if (!healthy) unhealthy.push(words);
    return {
      id,
      lengthBytes,
      words,
      copies: nodes.map(({ nodeId, address, host, zone, state }) => ({ nodeId, address, host, zone, state, counts: copiesCount(state) })),
    };
  });
  const words =
    chunks.length === 0
      ? 'The object is empty: its row in the metadata is all there is.'
      : unhealthy.length === 0
        ? `Every chunk is healthy: ${chunks.length} of ${chunks.length}.`
        : `${unhealthy.length} of ${chunks.length} chunks need attention. ${unhealthy[0]!}`;
  return { words, chunks: explained };
}
