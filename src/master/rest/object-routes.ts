import { z } from 'zod';
import { restObjectSizeBytesMax } from '../../model/limits.js';
import { isAlive } from '../../model/node-state.js';
import { Refusal } from '../../model/refusal.js';
import type { RestContext } from './context.js';
import { objectIdOf, objectIdSchema } from './object-id.js';
import { route, type Route } from './route.js';
import { uploadExpiresMs } from './upload-routes.js';

const params = z.object({ id: objectIdSchema });
const count = z.int().nonnegative();

/** Objects of the REST API: one chunk each, of up to 5 GiB. */
export function objectRoutes(context: RestContext): Route[] {
  const { store, registry, clock } = context;
  const put = route(
    {
      method: 'POST',
      path: '/api/objects',
      summary: 'Stores the body as a new object, replicated; for clients that reach only the master',
      body: 'bytes',
      answers: {
        201: {
          description: 'Safe on as many nodes as a write needs',
          schema: z.object({ objectid: objectIdSchema, size: count, crc32c: count, nodes: z.array(z.string()) }),
        },
      },
    },
    async ({ body, signal }) => ({ status: 201, json: await storeObject(body.bytes, signal, context) }),
  );

  const replicas = route(
    {
      method: 'GET',
      path: '/api/objects/{id}',
      summary: 'Addresses of the nodes that hold the object, alive ones first',
      params,
      answers: { 200: { description: 'The addresses', schema: z.object({ replicas: z.array(z.string()) }) } },
    },
    ({ params }) => {
      const chunk = completeObject(objectIdOf(params.id), context);
      return Promise.resolve({ status: 200, json: { replicas: registry.holders(chunk.nodeNumbers).map((node) => node.address) } });
    },
  );

  const remove = route(
    {
      method: 'DELETE',
      path: '/api/objects/{id}',
      summary: 'Removes the object; its copies leave the disks later',
      params,
      answers: { 200: { description: 'Removed', schema: z.object({ status: z.literal('OK') }) } },
    },
    async ({ params }) => {
      await store.write('deleteRestObject', { id: objectIdOf(params.id), nowMs: clock.wallMs() });
      return { status: 200, json: { status: 'OK' } };
    },
  );
  return [put, replicas, remove];
}

/** The chunk of an object that can be read. */
export function completeObject(id: string, { store }: Pick<RestContext, 'store'>) {
  const { complete, chunk } = store.read('getRestObject', { id });
  if (!complete || chunk === null) throw new Refusal('object-incomplete');
  return chunk;
}

/**
 * The steps of a client that uploads by itself, in its order: announced, stored, reported, completed. Whatever fails in
 * between, the announcement expires and the object was never visible.
 */
async function storeObject(bytes: AsyncIterable<Buffer>, signal: AbortSignal, context: RestContext): Promise<Record<string, unknown>> {
  const { store, registry, writer, metrics, clock, random, log, quorum } = context;
  const leave = metrics.enterUpload();
  const id = random.uuidV4();
  const expiresMs = clock.wallMs() + uploadExpiresMs;
  try {
    await store.write('initRestUpload', { id, sizeHintBytes: null, nowMs: clock.wallMs(), expiresMs });
    const origin = { bucketId: null, key: null, partNumber: null };
    const { nodeIds, ...facts } = await writer.writeOne(bytes, {
      id,
      kind: 'rest',
      origin,
      lengthBytesMax: restObjectSizeBytesMax,
      signal,
    });
    const reports = nodeIds.map((nodeId) =>
      store.write('reportChunk', { nodeId, ...facts, replicationFactor: quorum.replicationFactor, nowMs: clock.wallMs() }),
    );
    await Promise.all(reports);
    await store.write('completeRestUpload', { id, ...quorum, nowMs: clock.wallMs() });
    const nodes = nodeIds.map((nodeId) => registry.get(nodeId)?.address).filter((address) => address !== undefined);
    return { objectid: id, size: facts.lengthBytes, crc32c: facts.crc32c, nodes };
  } catch (error) {
    await discard(id, context).catch((failed: unknown) => log.warn({ id, err: failed }, 'a failed upload is left to expire'));
    throw error;
  } finally {
    leave();
  }
}

/**
 * Ends an upload that failed; only what is committed leads to deletes. Copies that nobody reported are in no row: every
 * node that may have one is noted to owe a delete.
 */
async function discard(id: string, { store, registry, clock }: RestContext): Promise<void> {
  await store.write('deleteRestObject', { id, nowMs: clock.wallMs() });
  const alive = registry.all().filter((node) => isAlive(node.state));
  await store.write('doomCopies', { id, nodeIds: alive.map((node) => node.nodeId) });
}
