import { once } from 'node:events';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';

/** Carries connections to a port, and can lose them without a word to either side, as a middlebox does that forgot them. */
export class StallingProxy {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();

  constructor(targetPort: number) {
    this.#server = net.createServer((client) => {
      const target = net.connect(targetPort, '127.0.0.1');
      const pair: [Socket, Socket] = [client, target];
      this.#pairs.add(pair);
      client.pipe(target).pipe(client);
      for (const [socket, other] of [pair, [target, client] as const]) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          other.destroy();
          this.#pairs.delete(pair);
        });
      }
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of the connections that are open now nothing arrives any more, and nothing closes them. New ones work. */
  stallOpen(): number {
    for (const [client, target] of this.#pairs) {
      client.unpipe(target).pause();
      target.unpipe(client).pause();
    }
    return this.#pairs.size;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const [client] of this.#pairs) client.destroy();
    await closed;
  }
}
