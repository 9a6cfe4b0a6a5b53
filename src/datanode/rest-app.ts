import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { bearerTokenAccepted } from '../base/bearer-token.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { Refusal } from '../model/refusal.js';
import { restError } from '../model/rest-error.js';
import { getObject } from './get-object.js';
import type { DatanodeMetrics } from './metrics.js';
import type { ObjectService } from './object-service.js';
import { putObject } from './put-object.js';

export interface RestAppOptions {
  service: ObjectService;
  /** Accepted bearer tokens, or null: no authentication. */
  tokens: (() => readonly string[]) | null;
  metrics: DatanodeMetrics;
}

/** The REST API of a datanode. The life of a request: id and log line, health, token, route, error. */
export function createRestApp({ service, tokens, metrics }: RestAppOptions, parts: { clock: Clock; random: Random; log: Log }): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);

  app.use((request: Request, response: Response, next: NextFunction) => {
    const requestId = parts.random.uuidV4();
    const startedMs = parts.clock.monotonicMs();
    response.setHeader('x-request-id', requestId);
    response.on('close', () => {
      const durationMs = Math.round(parts.clock.monotonicMs() - startedMs);
      const { method, originalUrl: target } = request;
      const status = response.headersSent ? response.statusCode : null;
      parts.log.info({ requestId, method, target, status, durationMs, finished: response.writableFinished }, 'request');
      metrics.countRequest(method, status);
    });
    next();
  });

  app.get('/health', (_request, response) => {
    response.json({ status: 'ok' });
  });

  app.use((request: Request, _response: Response, next: NextFunction) => {
    if (tokens !== null && !bearerTokenAccepted(request.headers.authorization, tokens())) throw new Refusal('token-wrong');
    next();
  });

  app.put('/objects/:id', (request, response) => putObject(request, response, request.params.id, service));
  app.get('/objects/:id', (request, response) => getObject(request, response, request.params.id, service)); // HEAD too
  app.all('/objects/:id', (_request, response) => {
    response.setHeader('allow', 'GET, HEAD, PUT');
    throw new Refusal('method-not-allowed');
  });
  app.use(() => {
    throw new Refusal('route-unknown');
  });

  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    const { status, body, unexpected } = restError(error);
    if (unexpected !== null) parts.log.error({ err: unexpected, method: request.method, target: request.originalUrl }, 'request failed');
    if (response.headersSent) next(error); // Express then destroys the socket: never a complete answer of wrong bytes
    else response.status(status).json(body);
  });
  return app;
}
