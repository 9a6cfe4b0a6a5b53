import type { IncomingMessage, Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import { Unreachable } from './api.js';
import { ReceiveBlocks } from './receive-blocks.js';

const wirePath = '/wire';
const wireProtocol = 'aether-wire/1';
/** The head of the answer to an upgrade. */
const answerBytesMax = 8 * 1024;

/** A socket that has left HTTP. */
export interface Upgraded {
  socket: Socket;
  /** The bytes that came with its last HTTP message. */
  head: Buffer;
  /** Hands all further bytes to `listener`; to be called before the next turn of the event loop. */
  hear: (listener: (bytes: Buffer) => void) => void;
}

/**
 * Dials and leaves HTTP. The name in the address is resolved each time. Rejects with `Unreachable`. The few lines of HTTP
 * are spoken here: a socket can only be told when it is made what memory to read into, and Node's client makes its own.
 */
export function dial(address: string, timeoutMs: number, clock: Clock): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const url = new URL(wirePath, address);
    const blocks = new ReceiveBlocks();
    let answer = Buffer.alloc(0);
    let listener = (bytes: Buffer): void => {
      answer = Buffer.concat([answer, bytes]);
      const endBytes = answer.indexOf('\r\n\r\n');
      if (endBytes === -1) {
        if (answer.length > answerBytesMax) fail('answered with too long a head');
        return;
      }
      const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(answer.toString('latin1', 0, endBytes)) ?? [];
      if (status === '101') succeed(answer.subarray(endBytes + 4));
      else fail(`answered ${status ?? 'no HTTP'} instead of the wire`);
    };
    const hear: Upgraded['hear'] = (next) => {
      listener = next;
    };
    const socket = connect({
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port || 80),
      onread: {
        buffer: () => blocks.next(),
        callback: (bytes) => {
          listener(blocks.take(bytes));
          return true;
        },
      },
    });
    const timer = clock.setTimer(timeoutMs, () => fail(`no connection within ${timeoutMs} ms`));
    const settle = (): void => {
      timer.cancel();
      socket.off('error', onError).off('close', onClose);
    };
    const fail = (reason: string): void => {
      settle();
      socket.on('error', () => undefined).destroy();
      reject(new Unreachable(reason)); // no cause: a log would print its words twice
    };
    const succeed = (head: Buffer): void => {
      settle();
      resolve({ socket, head, hear });
    };
    // an error for several addresses has a code and no message
    const onError = (error: NodeJS.ErrnoException): void => fail(error.message || (error.code ?? error.name));
    const onClose = (): void => fail('closed the connection');
    socket.on('error', onError).on('close', onClose);
    socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: ${wireProtocol}\r\n\r\n`);
  });
}

export function asksForWire(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.url === wirePath && request.headers.upgrade?.toLowerCase() === wireProtocol;
}

export function acceptUpgrade(socket: Socket): void {
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${wireProtocol}\r\n\r\n`);
}

/**
 * Gives back a request that asked for some other protocol (`h2c`, `websocket`): with an `upgrade` listener Node takes
 * every such request out of HTTP, though a server may simply ignore the wish (RFC 9110, 7.8). The request is put before the socket's
 * unread bytes again, without the wish, and the socket handed to the server as if it were new.
 */
export function serveAsPlainHttp(server: Server, request: IncomingMessage, { socket, head }: Pick<Upgraded, 'socket' | 'head'>): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]!;
    let value = request.rawHeaders[index + 1]!;
    if (/^upgrade$/i.test(name)) continue;
    if (/^connection$/i.test(name)) {
      value = value
        .split(',')
        .filter((token) => !/^(upgrade|http2-settings)$/i.test(token.trim()))
        .join(',');
      if (value.trim() === '') continue;
    }
    lines.push(`${name}: ${value}`);
  }
  if (head.length > 0) socket.unshift(head);
  socket.unshift(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  server.emit('connection', socket);
}
