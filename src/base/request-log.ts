import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock.js';
import type { Log } from './log.js';
import type { Random } from './random.js';

/** `status` 0: the connection broke before there was an answer. */
export type CountRequest = (method: string, status: number) => void;

/** What stands first in a REST API: gives each request its id, and one line and one count when it has ended. */
export function requestLog(count: CountRequest, { clock, random, log }: { clock: Clock; random: Random; log: Log }) {
  return (request: IncomingMessage & { originalUrl: string }, response: ServerResponse, next: () => void): void => {
    const requestId = random.uuidV4();
    const startedMs = clock.monotonicMs();
    response.setHeader('x-request-id', requestId);
    response.on('close', () => {
      const durationMs = Math.round(clock.monotonicMs() - startedMs);
      const { method = '', originalUrl: target } = request;
      const status = response.headersSent ? response.statusCode : 0;
      log.info({ requestId, method, target, status, durationMs, finished: response.writableFinished }, 'request');
      count(method, status);
    });
    next();
  };
}
