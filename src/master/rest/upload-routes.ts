import { z } from 'zod';
import { restObjectSizeBytesMax } from '../../model/limits.js';
import { chooseNodes } from '../../model/placement.js';
import { Refusal } from '../../model/refusal.js';
import type { RestContext } from './context.js';
import { objectIdOf, objectIdSchema } from './object-id.js';
import { route, type Route } from './route.js';

/** An upload that is never completed is removed after so long. */
export const uploadExpiresMs = 7 * 24 * 3_600_000;

const ok = z.object({ status: z.literal('OK') });

/** Uploads of the original API: init here, the bytes to the nodes, complete here. */
export function uploadRoutes({ store, registry, clock, random, quorum }: RestContext): Route[] {
  const init = route(
    {
      method: 'POST',
      path: '/api/upload/init',
      summary: 'Begins an upload: answers an object id and the nodes to PUT /objects/{id} to',
      body: z.object({ size: z.int().nonnegative().meta({ description: 'Bytes of the object; a hint.' }) }),
      answers: { 200: { description: 'Begun', schema: z.object({ objectid: objectIdSchema, nodes: z.array(z.string()) }) } },
    },
    async ({ body }) => {
      if (body.size > restObjectSizeBytesMax) throw new Refusal('object-too-large');
      const chosen = chooseNodes(registry.view(), { count: quorum.replicationFactor, exclude: new Set(), random });
      if (chosen.length < quorum.writeQuorum) throw new Refusal('nodes-too-few');
      const id = random.uuidV4();
      await store.write('initRestUpload', {
        id,
        sizeHintBytes: body.size,
        nowMs: clock.wallMs(),
        expiresMs: clock.wallMs() + uploadExpiresMs,
      });
      return { status: 200, json: { objectid: id, nodes: chosen.map((node) => node.address) } };
    },
  );

  const complete = route(
    {
      method: 'POST',
      path: '/api/upload/complete',
      summary: 'Ends an upload: OK when enough nodes hold the object with equal length and checksum, else 409 with what is missing',
      body: z.object({ objectid: objectIdSchema }),
      answers: { 200: { description: 'The object is safe', schema: ok } },
    },
    async ({ body }) => {
      await store.write('completeRestUpload', { id: objectIdOf(body.objectid), ...quorum, nowMs: clock.wallMs() });
      return { status: 200, json: { status: 'OK' } };
    },
  );
  return [init, complete];
}
