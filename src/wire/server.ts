import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { ViewNumber } from '../model/node.js';
import type { Handlers, ServerReply, ServerRequest } from './api.js';
import type { Identity } from './handshake.js';
import { wireLimits, type WireLimits } from './limits.js';
import { PeerRegistry } from './peer-registry.js';
import { ServerConnection, type Route } from './server-connection.js';
import { acceptUpgrade, asksForWire, serveAsPlainHttp } from './upgrade.js';
import { verbs, type Verb } from './verbs.js';

export interface WireServerOptions<Role extends 'master' | 'datanode'> extends Identity {
  role: Role;
  /** The cluster secrets, asked anew for each proof: the first is ours, all are accepted. */
  secrets: () => Buffer[];
  handlers: Handlers<Role>;
  /** A master's view number; goes into every answer. */
  stamp?: () => ViewNumber;
  limits?: Partial<WireLimits>;
}

export interface WireServer {
  /** Takes no more connections, waits a little for the calls under way, then closes all. */
  close(): Promise<void>;
  /** Proven connections. */
  connections(): number;
}

const noStamp: ViewNumber = { epoch: 0, n: 0 };

/** Serves the verbs of a role on the upgrades of an HTTP server, which goes on to serve everything else. */
export function attachWire<Role extends 'master' | 'datanode'>(
  server: Server,
  options: WireServerOptions<Role>,
  parts: { clock: Clock; random: Random; log: Log },
): WireServer {
  const limits: WireLimits = { ...wireLimits, ...options.limits };
  const { role, id, boot, secrets } = options;
  const registry = new PeerRegistry(limits.peersRememberedMax, parts.log);
  const routes = routesOf(options);
  // `Server.close` does not know of upgraded sockets: they are kept here
  const unproven = new Set<ServerConnection>();
  const proven = new Set<ServerConnection>();

  const onUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    if (!asksForWire(request)) {
      serveAsPlainHttp(server, request, { socket, head });
      return;
    }
    if (unproven.size >= limits.unprovenSocketsMax) {
      socket.destroy();
      return;
    }
    acceptUpgrade(socket);
    const connection: ServerConnection = new ServerConnection(
      { socket, head, hear: (listener) => void socket.on('data', listener) },
      {
        self: { role, id, boot },
        secrets,
        routes,
        limits,
        stamp: options.stamp ?? (() => noStamp),
        admit(connection, peer) {
          registry.admit(connection, peer);
          unproven.delete(connection);
          proven.add(connection);
        },
        onClosed(connection, peer) {
          unproven.delete(connection);
          proven.delete(connection);
          if (peer !== null) registry.forget(connection, peer);
        },
      },
      parts,
    );
    unproven.add(connection);
    connection.start();
  };
  server.on('upgrade', onUpgrade);

  return {
    connections: () => proven.size,
    async close() {
      server.off('upgrade', onUpgrade);
      for (const connection of unproven) connection.destroy('the server stops');
      const grace = new AbortController();
      const answered = Promise.all([...proven].map((connection) => connection.idle()));
      await Promise.race([answered, parts.clock.sleep(limits.closeGraceMs, grace.signal).catch(() => undefined)]);
      grace.abort(new Error('all calls were answered'));
      for (const connection of proven) connection.destroy('the server stops');
    },
  };
}

function routesOf<Role extends 'master' | 'datanode'>({ role, handlers }: WireServerOptions<Role>): ReadonlyMap<number, Route> {
  const handlerOf = handlers as Record<string, (request: ServerRequest<Verb>) => Promise<ServerReply<Verb>>>;
  const routes = new Map<number, Route>();
  for (const [verb, { code, to, request }] of Object.entries(verbs)) {
    if (to === role) routes.set(code, { verb: verb as Verb, request, handle: handlerOf[verb]! });
  }
  return routes;
}
