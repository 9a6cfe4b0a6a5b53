import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { bearerTokenAccepted } from '../base/bearer-token.js';
import type { Clock } from '../base/clock.js';
import { answerEarly } from '../base/early-answer.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { requestLog } from '../base/request-log.js';
import { Refusal } from '../model/refusal.js';
import { restError } from '../model/rest-error.js';
import { getObject } from './get-object.js';
import type { DatanodeMetrics } from './metrics.js';
import type { ObjectService } from './object-service.js';
import { putObject } from './put-object.js';

export interface RestOptions {
  service: ObjectService;
  /** Accepted bearer tokens, or null: no authentication. */
  tokens: (() => readonly string[]) | null;
  metrics: DatanodeMetrics;
}

/** Still without routes: the server needs it to know the classes of its messages, the routes need the server's port. */
export function createRestApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  return app;
}

/** The REST API of a datanode. The life of a request: id and log line, health, token, route, error. */
export function serveRest(
  app: Express,
  { service, tokens, metrics }: RestOptions,
  parts: { clock: Clock; random: Random; log: Log },
): void {
  app.use(requestLog((method, status) => metrics.countRequest(method, status), parts));

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
    if (response.headersSent) return next(error); // Express then destroys the socket: never a complete answer of wrong bytes
    if (!request.complete) answerEarly(request, response, parts.clock);
    response.status(status).json(body);
  });
}
