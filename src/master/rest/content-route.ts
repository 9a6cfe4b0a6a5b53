import { z } from 'zod';
import { planObjectRead } from '../../model/object-read.js';
import type { ManifestPage } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import { restError } from '../../model/rest-error.js';
import type { RestContext } from './context.js';
import { objectIdOf, objectIdSchema } from './object-id.js';
import { completeObject } from './object-routes.js';
import { route, type Route } from './route.js';

/** The bytes of an object, from whichever copy can be read: for clients that reach only the master. */
export function contentRoute(context: RestContext): Route {
  return route(
    {
      method: 'GET',
      path: '/api/objects/{id}/content',
      summary: 'The bytes of the object, whole or a Range; a node that fails on the way is followed by the next',
      params: z.object({ id: objectIdSchema }),
      answers: {
        200: { description: 'All bytes', bytes: true },
        206: { description: 'The bytes of the Range', bytes: true },
        304: { description: 'If-None-Match names the object' },
        416: { description: 'The Range begins behind the end' },
      },
    },
    ({ params, conditions }) => {
      const id = objectIdOf(params.id);
      const chunk = completeObject(id, context);
      const { status, headers, range } = planObjectRead(chunk, conditions);
      if (status === 416) return Promise.resolve({ status, json: restError(new Refusal('range-not-satisfiable')).body, headers });
      if (range === null) return Promise.resolve({ status, body: null, headers });

      const manifestFrom = (): Promise<ManifestPage> => Promise.resolve(manifestOf(completeObject(id, context)));
      const body = context.reader.read({ manifest: manifestOf(chunk), manifestFrom }, range);
      return Promise.resolve({ status, body, headers });
    },
  );
}

/** An object of the REST API is one chunk, whole. */
function manifestOf({ id, lengthBytes, crc32c, nodeNumbers }: ReturnType<typeof completeObject>): ManifestPage {
  const whole = { objectOffsetBytes: 0, skipBytes: 0, useBytes: lengthBytes };
  return { chunks: [{ id, lengthBytes, crc32c, nodeNumbers, ...whole }], nextOffsetBytes: null };
}
