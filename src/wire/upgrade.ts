import { request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import { Unreachable } from './api.js';

const wirePath = '/wire';
const wireProtocol = 'aether-wire/1';

/** A socket that has left HTTP, and the bytes that came with its last HTTP message. */
export interface Upgraded {
  socket: Socket;
  head: Buffer;
}

/** Dials and leaves HTTP. The name in the address is resolved each time. Rejects with `Unreachable`. */
export function dial(address: string, timeoutMs: number, clock: Clock): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      timer.cancel();
      reject(new Unreachable(reason)); // no cause: a log would print its words twice
      request.destroy();
    };
    const timer = clock.setTimer(timeoutMs, () => fail(`no connection within ${timeoutMs} ms`));
    const request = httpRequest(new URL(wirePath, address), {
      agent: false,
      headers: { connection: 'Upgrade', upgrade: wireProtocol },
    });
    request.on('upgrade', (_response: IncomingMessage, socket: Socket, head: Buffer) => {
      timer.cancel();
      resolve({ socket, head });
    });
    request.on('response', (response) => fail(`answered ${response.statusCode} instead of the wire`));
    // an error for several addresses has a code and no message
    request.on('error', (error: NodeJS.ErrnoException) => fail(error.message || (error.code ?? error.name)));
    request.end();
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
export function serveAsPlainHttp(server: Server, request: IncomingMessage, { socket, head }: Upgraded): void {
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
