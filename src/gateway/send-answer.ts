import type { ServerResponse } from 'node:http';
import type { Answer, AnswerStream } from './answer.js';
import type { ClientPace } from './client-pace.js';

/** What waits for a client's socket at once. */
const queuedBytesMax = 1024 * 1024;
/** So much goes straight into the kernel: a client can hardly be late for it. */
const kernelBytes = 64 * 1024;

interface SendingParts {
  pace: ClientPace;
  /** Called when the head goes out. */
  onHead: () => void;
}

/**
 * Writes an answer: head and a body that is at hand in one write. Resolves with the body bytes sent when the last of them
 * is queued; rejects when the body could not be read or the client is gone, before the head was sent or after (see
 * `response.headersSent`). Adds to `answer.headers`.
 */
export async function sendAnswer(response: ServerResponse, answer: Answer, { pace, onHead }: SendingParts): Promise<number> {
  const { status, headers, body } = answer;
  if (body === null || Buffer.isBuffer(body) || body.bytes === null) onHead();
  if (body === null) {
    // 204 and 304 have no length; without one for others, Node would send chunks.
    if (status !== 204 && status !== 304) headers.push('content-length', '0');
    response.writeHead(status, headers);
    response.end();
    return 0;
  }
  if (Buffer.isBuffer(body)) {
    headers.push('content-length', String(body.length));
    response.writeHead(status, headers);
    response.end(response.req.method === 'HEAD' ? undefined : body);
    if (response.writableLength > kernelBytes) await flushed(response, pace);
    return body.length;
  }
  headers.push('content-length', String(body.lengthBytes));
  if (body.bytes === null) {
    response.writeHead(status, headers);
    response.end();
    return 0;
  }
  return sendStream(response, { status, headers, body: body as AnswerStream & { bytes: AsyncIterable<Buffer> } }, { pace, onHead });
}

async function sendStream(
  response: ServerResponse,
  answer: { status: number; headers: string[]; body: { lengthBytes: number; bytes: AsyncIterable<Buffer> } },
  { pace, onHead }: SendingParts,
): Promise<number> {
  const { lengthBytes, bytes } = answer.body;
  const iterator = bytes[Symbol.asyncIterator]();
  let sentBytes = 0;
  try {
    // The first bytes are read before the head goes out, so that what cannot be read at all is still an honest 5xx.
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (!response.headersSent) {
        onHead();
        response.writeHead(answer.status, answer.headers);
      }
      sentBytes += next.value.length;
      if (sentBytes === lengthBytes) {
        response.end(next.value);
        if (response.writableLength > kernelBytes) await flushed(response, pace);
        return sentBytes;
      }
      response.write(next.value);
      pace.moved(next.value.length);
      if (response.writableLength > queuedBytesMax) await taken(response, 'drain', pace);
      if (response.destroyed) throw new Error('the client is gone');
    }
  } finally {
    await iterator.return?.();
  }
  throw new Error(`the object ended after ${sentBytes} of ${lengthBytes} bytes`);
}

/** A large answer counts as under way until the client has taken it: somebody must see when it does not. */
async function flushed(response: ServerResponse, pace: ClientPace): Promise<void> {
  await taken(response, 'finish', pace);
  if (!response.writableFinished) throw new Error('the client is gone');
}

function taken(response: ServerResponse, event: 'drain' | 'finish', pace: ClientPace): Promise<void> {
  return new Promise((resolve) => {
    pace.wait();
    const done = (): void => {
      response.off(event, done);
      response.off('close', done);
      pace.moved(0);
      resolve();
    };
    response.once(event, done);
    response.once('close', done);
  });
}
