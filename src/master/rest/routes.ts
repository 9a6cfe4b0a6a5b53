import { z } from 'zod';
import type { RestContext } from './context.js';
import { contentRoute } from './content-route.js';
import { nodeRoutes } from './node-routes.js';
import { objectRoutes } from './object-routes.js';
import { openApiDocument } from './openapi.js';
import { route, type Route } from './route.js';
import { statusRoutes } from './status-routes.js';
import { uploadRoutes } from './upload-routes.js';

/** The table of all routes. The OpenAPI document is made of it, so neither can lack what the other has. */
export function masterRoutes(context: RestContext): Route[] {
  const routes = [
    ...statusRoutes(context),
    ...nodeRoutes(context),
    ...uploadRoutes(context),
    ...objectRoutes(context),
    contentRoute(context),
  ];
  const document = route(
    {
      method: 'GET',
      path: '/api/openapi.json',
      summary: 'This description',
      open: true,
      answers: { 200: { description: 'OpenAPI 3.1', schema: z.record(z.string(), z.unknown()) } },
    },
    () => Promise.resolve({ status: 200, json: described }),
  );
  routes.push(document);
  const described = openApiDocument(routes);
  return routes;
}
