import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../base/clock.js';
import type { Random } from '../base/random.js';
import { Refusal } from '../model/refusal.js';
import { errorDocument } from '../s3/error-document.js';
import { headerBytesMax } from '../s3/raw-request.js';
import { Connections } from './connections.js';
import { Exchange, type ExchangeParts } from './exchange.js';

const connectionsMax = 4096;
const headersMsMax = 10_000;
/** Longer than the idle time of common load balancers, so that they close first. */
const keepAliveMs = 75_000;
const checkIntervalMs = 1000;
/** Room for a request line beside the headers; what is larger is answered with 431. */
const headBytesMax = 2 * headerBytesMax;
const healthPath = '/-/healthy';

export interface ListenerOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
}

export interface ListenerParts extends ExchangeParts {
  /** Null: plain HTTP. */
  tls: SecureContextOptions | null;
  clock: Clock;
  random: Random;
}

/** The S3 port: plain `node:http`, bounded in everything that a client could fill or hold. */
export class Listener {
  readonly #server: Server | TlsServer;
  readonly #connections: Connections;
  readonly #parts: ListenerParts;
  readonly #idPrefix: string;
  #counter = 0;
  #underWay = 0;
  /** The end is near: every answer is the last of its connection. */
  #isDraining = false;
  #isStopping = false;
  #whenIdle: () => void = () => undefined;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#idPrefix = parts.random.bytes(5).toString('hex').toUpperCase();
    const options: ServerOptions = {
      headersTimeout: headersMsMax,
      // An honest 5 GiB upload may take hours: `ClientPace` bounds slowness instead.
      requestTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkIntervalMs,
      maxHeaderSize: headBytesMax,
      noDelay: true,
    };
    this.#server = parts.tls ? createTlsServer({ ...options, ...parts.tls, handshakeTimeout: headersMsMax }) : createServer(options);
    this.#server.maxConnections = connectionsMax;
    // Node would drop further lines without a word; `parseRequest` counts and refuses.
    this.#server.maxHeadersCount = 0;
    this.#connections = new Connections(this.#server, parts.clock);
    this.#server.on('request', (incoming, response) => this.#serve(incoming, response, false));
    this.#server.on('checkContinue', (incoming, response) => this.#serve(incoming, response, true));
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#refuseMalformed(error, socket as Socket));
  }

  get connections(): number {
    return this.#connections.count;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen({ host, port }: ListenerOptions): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  /** For connections from here on; those that are open keep what they have. */
  renew(tls: SecureContextOptions): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(tls);
  }

  /** Serves on, but each connection ends with its next answer: clients come back by a new one, elsewhere. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Takes no new connections, lets what is under way end for so long, then closes everything. */
  async stop(finishMsMax: number): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#isDraining = true;
    this.#isStopping = true;
    this.#server.close();
    this.#server.closeIdleConnections();
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.setTimer(finishMsMax, resolve);
      this.#whenIdle = () => {
        timer.cancel();
        resolve();
      };
      if (this.#underWay === 0) this.#whenIdle();
    });
    this.#server.closeAllConnections();
    this.#connections.stop();
    await closed;
  }

  #serve(incoming: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    if (incoming.url === healthPath && incoming.method === 'GET') {
      incoming.resume();
      response.writeHead(200, ['content-type', 'text/plain', 'content-length', '3', 'cache-control', 'no-store']);
      response.end('ok\n');
      return;
    }
    this.#counter += 1;
    const id = this.#idPrefix + this.#counter.toString(16).toUpperCase().padStart(8, '0');
    const exchange = new Exchange(incoming, response, this.#parts, { id, expectsContinue });
    const { socket } = incoming;
    this.#connections.watch(socket, exchange.pace);
    this.#underWay += 1;
    void this.#run(exchange, socket);
  }

  async #run(exchange: Exchange, socket: Socket): Promise<void> {
    await exchange.run(() => this.#isDraining);
    this.#connections.watch(socket, null);
    this.#underWay -= 1;
    if (this.#underWay === 0 && this.#isStopping) this.#whenIdle();
  }

  /** What Node could not take for a request. The answer is short, the connection ends. */
  #refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const refusal = malformedRefusal(error.code);
    const { status, text } = refusal;
    const body = errorDocument(new Refusal(refusal.code), { resource: '', requestId: this.#idPrefix, hostId: this.#parts.gatewayId });
    socket.end(
      `HTTP/1.1 ${status} ${text}\r\ncontent-type: application/xml\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body.toString()}`,
      () => socket.destroy(),
    );
  }
}

function malformedRefusal(code: string | undefined): {
  status: number;
  text: string;
  code: 'headers-too-many' | 'request-timeout' | 'request-invalid';
} {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, text: 'Request Header Fields Too Large', code: 'headers-too-many' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, text: 'Request Timeout', code: 'request-timeout' };
  return { status: 400, text: 'Bad Request', code: 'request-invalid' };
}
