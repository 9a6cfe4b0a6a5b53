import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi';
import type { Route } from './route.js';

/** Of this interface, not of the program. */
const apiVersion = '1.0.0';

const errorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .meta({ id: 'Error', description: 'Every refusal has this shape; the codes are stable.' });

/** The OpenAPI 3.1 document of a table of routes. */
export function openApiDocument(routes: readonly Route[]): ReturnType<typeof createDocument> {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) {
    const methods = (paths[route.path] ??= {});
    methods[route.method.toLowerCase()] = operationOf(route);
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'AetherStore master', version: apiVersion, description: 'Nodes, uploads and the state of the store.' },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  });
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const responses: ZodOpenApiOperationObject['responses'] = {
    default: { description: 'Refused', content: { 'application/json': { schema: errorSchema } } },
  };
  for (const [status, answer] of Object.entries(route.answers)) {
    const content = answer.bytes
      ? { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } }
      : answer.schema && { 'application/json': { schema: answer.schema } };
    responses[status as `${1 | 2 | 3 | 4 | 5}${string}`] = { description: answer.description, ...(content && { content }) };
  }
  const body =
    route.body === 'bytes'
      ? { 'application/octet-stream': { schema: z.string().meta({ format: 'binary' }) } }
      : route.body && { 'application/json': { schema: route.body } };
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/[^A-Za-z]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary: route.summary,
    security: route.open ? [] : [{ token: [] }],
    requestParams: { ...(route.params && { path: route.params }), ...(route.query && { query: route.query }) },
    ...(body && { requestBody: { required: true, content: body } }),
    responses,
  };
}
