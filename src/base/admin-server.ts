import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const connectionsMax = 64;
const headersTimeoutMs = 5000;
const checkIntervalMs = 1000;

export interface AdminServerOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
  /** The text of `/metrics`. */
  metrics: () => Promise<string>;
  /** `true`, or why not: what `/readyz` answers with 503. */
  ready: () => boolean | string;
}

export interface AdminServer {
  /** The port it listens on. */
  port: number;
  close(): Promise<void>;
}

/** The port for operators and probes, apart from every port that clients see: `/metrics`, `/livez`, `/readyz`. */
export async function createAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer({ headersTimeout: headersTimeoutMs, connectionsCheckingInterval: checkIntervalMs }, (request, response) => {
    void answer(request, response, options);
  });
  server.maxConnections = connectionsMax;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: AdminServerOptions): Promise<void> {
  const send = (status: number, text: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(`${text}\n`);
  };
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'only GET');
  switch (request.url ?? '') {
    case '/livez':
      return send(200, 'alive');
    case '/readyz': {
      const ready = options.ready();
      return ready === true ? send(200, 'ready') : send(503, ready === false ? 'not ready' : ready);
    }
    case '/metrics':
      try {
        return send(200, (await options.metrics()).trimEnd(), 'text/plain; version=0.0.4; charset=utf-8');
      } catch {
        return send(500, 'the metrics could not be collected');
      }
    default:
      return send(404, 'not found: /metrics, /livez, /readyz');
  }
}
