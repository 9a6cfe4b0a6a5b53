import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** What one connection sends next: the whole head of the request, and its body. */
export interface LoadRequest {
  head: string;
  body: Buffer | null;
}

export interface LoadOptions {
  host: string;
  port: number;
  connections: number;
  durationMs: number;
  /** Stops after so many requests even when time is left. */
  requestsMax: number;
  /** Requests a second over all connections, for rows at a share of saturation; null sends as fast as answers come. */
  ratePerSecond: number | null;
  next: () => LoadRequest;
}

export interface LoadResult {
  requests: number;
  seconds: number;
  bodyBytes: number;
  latenciesMs: Float64Array;
}

/**
 * Drives one server over plain sockets, one request in flight a connection. It parses only what it needs (status,
 * Content-Length), so that it takes little of the cores that the server shares with it. A status other than 2xx ends
 * the run: a figure over refused requests is no figure.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  let sent = 0;
  let bodyBytes = 0;
  const begin = performance.now();
  const deadline = begin + options.durationMs;

  async function connection(): Promise<void> {
    const socket = connect({ host: options.host, port: options.port, noDelay: true });
    const answers = readAnswers(socket);
    try {
      while (sent < options.requestsMax && performance.now() < deadline) {
        const turn = sent;
        sent += 1;
        if (options.ratePerSecond !== null) await pauseUntil(begin + (turn * 1000) / options.ratePerSecond);
        const { head, body } = options.next();
        const from = performance.now();
        socket.cork();
        socket.write(head, 'latin1');
        if (body) socket.write(body);
        socket.uncork();
        bodyBytes += await answers();
        latencies.push(performance.now() - from);
      }
    } finally {
      socket.destroy();
    }
  }

  await Promise.all(Array.from({ length: options.connections }, connection));
  return { requests: latencies.length, seconds: (performance.now() - begin) / 1000, bodyBytes, latenciesMs: Float64Array.from(latencies) };
}

async function pauseUntil(atMs: number): Promise<void> {
  const delayMs = atMs - performance.now();
  if (delayMs > 1) await new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** A function that resolves with the body length of the next answer. */
function readAnswers(socket: Socket): () => Promise<number> {
  let head = '';
  let bodyLeft = -1; // -1: in the head
  let bodyBytes = 0;
  let settle: { resolve: (bytes: number) => void; reject: (error: Error) => void } | null = null;
  let failure: Error | null = null;

  function fail(error: Error): void {
    failure = error;
    settle?.reject(error);
  }
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (data) => {
    let offset = 0;
    if (bodyLeft < 0) {
      head += data.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      const before = head.length - data.length;
      const status = Number(head.slice(9, 12));
      if (status === 100) {
        head = head.slice(end + 4);
        return;
      }
      if (status < 200 || status > 299) return fail(new Error(`unexpected answer: ${head.slice(0, 600)}`));
      bodyBytes = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? 0);
      bodyLeft = bodyBytes;
      offset = end + 4 - before;
      head = '';
    }
    bodyLeft -= data.length - offset;
    if (bodyLeft > 0) return;
    bodyLeft = -1;
    const done = settle;
    settle = null;
    done?.resolve(bodyBytes);
  });

  return () =>
    new Promise((resolve, reject) => {
      if (failure) reject(failure);
      else settle = { resolve, reject };
    });
}
