import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import { bearerTokenAccepted } from '../../base/bearer-token.js';
import type { Clock } from '../../base/clock.js';
import { answerEarly } from '../../base/early-answer.js';
import type { Log } from '../../base/log.js';
import type { Random } from '../../base/random.js';
import { requestLog, type CountRequest } from '../../base/request-log.js';
import { restObjectSizeBytesMax } from '../../model/limits.js';
import { objectReadHeaders } from '../../model/object-read.js';
import { Refusal, type RefusalCode } from '../../model/refusal.js';
import { restError } from '../../model/rest-error.js';
import { jsonBodyBytesMax, type RawBody, type RestAnswer, type Route } from './route.js';

export interface RestAppOptions {
  routes: readonly Route[];
  /** Accepted bearer tokens, or null: no authentication. */
  tokens: (() => readonly string[]) | null;
  countRequest: CountRequest;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
}

/** The REST API of the master. The life of a request: id and log line, token, shape, route, answer or error. */
export function createRestApp({ routes, tokens, countRequest }: RestAppOptions, parts: Parts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.use(requestLog(countRequest, parts));

  const open = routes.filter((route) => route.open);
  for (const route of open) mount(app, route);
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (tokens !== null && !bearerTokenAccepted(request.headers.authorization, tokens())) throw new Refusal('token-wrong');
    // From here on the body is wanted: a client that asked first may send it.
    if (request.headers.expect !== undefined) response.writeContinue();
    next();
  });
  for (const route of routes) if (!route.open) mount(app, route);

  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    app.all(expressPath(path), (_request, response) => {
      response.setHeader('allow', methods.join(', '));
      throw new Refusal('method-not-allowed');
    });
  }
  app.use(() => {
    throw new Refusal('route-unknown');
  });
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    const { status, body, unexpected } = restError(error);
    if (unexpected !== null) parts.log.error({ err: unexpected, method: request.method, target: request.originalUrl }, 'request failed');
    if (response.headersSent) return next(error); // Express then destroys the socket: an answer is whole or visibly cut
    if (!request.complete) answerEarly(request, response, parts.clock);
    response.status(status).json(body);
  });
  return app;
}

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function mount(app: Express, route: Route): void {
  const handle: RequestHandler = async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort(new Error('the client went away')));
    const answer = await route.run({
      params: parse(route.params, request.params, 'argument-invalid'),
      query: parse(route.query, request.query, 'argument-invalid'),
      body: route.body === 'bytes' ? rawBody(request) : parse(route.body, request.body, 'json-malformed'),
      conditions: objectReadHeaders(request.headers),
      signal: gone.signal,
    });
    await send(answer, request, response);
  };
  const json = typeof route.body === 'object' ? [express.json({ limit: jsonBodyBytesMax, strict: true, type: 'application/json' })] : [];
  const method = route.method.toLowerCase() as Lowercase<Route['method']>;
  app[method](expressPath(route.path), ...json, handle);
}

function parse(schema: z.ZodType | undefined, value: unknown, code: RefusalCode): unknown {
  if (!schema) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (value === undefined) throw new Refusal(code, 'A JSON body is needed, with Content-Type: application/json.');
  const [issue] = parsed.error.issues;
  throw new Refusal(code, `${issue?.path.join('.') || 'The body'}: ${issue?.message ?? 'not valid'}`);
}

function rawBody(request: Request): RawBody {
  const declared = request.headers['content-length'];
  const lengthBytes = declared === undefined ? null : Number(declared);
  if (lengthBytes !== null && lengthBytes > restObjectSizeBytesMax) throw new Refusal('object-too-large');
  async function* bytes(): AsyncGenerator<Buffer> {
    let received = 0;
    try {
      for await (const piece of request as AsyncIterable<Buffer>) {
        received += piece.length;
        if (received > restObjectSizeBytesMax) throw new Refusal('object-too-large');
        yield piece;
      }
    } catch (error) {
      throw request.readableAborted ? new Refusal('body-incomplete') : error;
    }
    if (!request.complete) throw new Refusal('body-incomplete');
  }
  return { lengthBytes, bytes: bytes() };
}

async function send(answer: RestAnswer, request: Request, response: Response): Promise<void> {
  if ('json' in answer) {
    response
      .status(answer.status)
      .set(answer.headers ?? {})
      .json(answer.json);
    return;
  }
  const pieces = request.method === 'HEAD' ? null : answer.body?.[Symbol.asyncIterator]();
  const first = await pieces?.next(); // what fails before the first byte is still a proper refusal
  response.status(answer.status).set(answer.headers);
  if (!pieces || !first) response.end();
  else await pipeline(Readable.from(resumed(first, pieces), { objectMode: false }), response);
}

async function* resumed(first: IteratorResult<Buffer>, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    for (let piece = first; !piece.done; piece = await rest.next()) yield piece.value;
  } finally {
    await rest.return?.();
  }
}
