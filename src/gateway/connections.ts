import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import type { ClientPace } from './client-pace.js';

/** Connections that send nothing at all are closed after this; Node itself would keep them for ever. */
const firstByteMsMax = 10_000;
const sweepEveryMs = 1000;

interface Connection {
  openedAtMs: number;
  /** The pace of the request under way, if there is one. */
  pace: ClientPace | null;
}

/** Closes the connections of clients that are silent or slower than the slowest honest one. */
export class Connections {
  readonly #clock: Clock;
  readonly #open = new Map<Socket, Connection>();
  /** Also those that have not ended their TLS handshake. */
  readonly #sockets = new Set<Socket>();
  #stopped = false;

  constructor(server: Server | TlsServer, clock: Clock) {
    this.#clock = clock;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#open.set(socket, { openedAtMs: clock.monotonicMs(), pace: null });
      socket.once('close', () => this.#open.delete(socket));
    });
    this.#sweepLater();
  }

  get count(): number {
    return this.#open.size;
  }

  /** A request begins on the connection, or has ended (null). */
  watch(socket: Socket, pace: ClientPace | null): void {
    const connection = this.#open.get(socket);
    if (connection) connection.pace = pace;
  }

  /** Ends whatever is still open. */
  stop(): void {
    this.#stopped = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  #sweepLater(): void {
    this.#clock.setTimer(sweepEveryMs, () => {
      if (this.#stopped) return;
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [socket, { openedAtMs, pace }] of this.#open) {
      const isSilent = socket.bytesRead === 0 && nowMs - openedAtMs > firstByteMsMax;
      if (isSilent || pace?.isTooSlow()) socket.destroy();
    }
  }
}
