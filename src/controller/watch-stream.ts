import type { Readable } from 'node:stream';
import { ApiError } from './api-error.js';
import type { KubeObject, WatchEvent } from './cluster-api.js';

/** An object has at most 1.5 MiB in etcd; its JSON may be longer. */
const lineLengthMax = 8 * 1024 * 1024;

/** Lines as they come. A last one without its end is a stream that was cut, even when the connection was closed in order. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = '';
  stream.setEncoding('utf8');
  for await (const text of stream as AsyncIterable<string>) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > lineLengthMax) throw new Error(`a line of the stream is longer than ${lineLengthMax}`);
    yield* lines;
  }
  if (rest !== '') throw new Error('the stream ended within a line');
}

interface Status {
  code?: number;
  reason?: string;
  message?: string;
  details?: { retryAfterSeconds?: number };
}

/** What a line of a watch says. Throws when it says nothing, and the `ApiError` that the server put there instead of an event. */
export function eventOfLine<T extends KubeObject>(line: string): WatchEvent<T> {
  const event = parsed(line) as { type?: unknown; object?: Partial<T> & Status } | null;
  const object = event?.object;
  if (event?.type === 'ERROR') throw statusError(object?.code ?? 500, undefined, JSON.stringify(object ?? {}));
  const version = object?.metadata?.resourceVersion;
  if (typeof version !== 'string') throw new Error('a line of the stream is no event');
  switch (event?.type) {
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: version };
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (typeof object?.metadata?.name !== 'string') break;
      return { type: event.type, object: object as T };
    default:
  }
  throw new Error('a line of the stream is no event');
}

/** The server's "no": the head of the answer, and the Status object that should be its body. */
export function statusError(status: number, retryAfter: string | undefined, text: string): ApiError {
  const body = (parsed(text) ?? {}) as Status;
  const seconds = retryAfter === undefined ? body.details?.retryAfterSeconds : Number(retryAfter);
  return new ApiError({
    status,
    reason: body.reason ?? 'Unknown',
    message: body.message ?? 'no message',
    retryAfterMs: seconds !== undefined && seconds >= 0 ? seconds * 1000 : null,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
