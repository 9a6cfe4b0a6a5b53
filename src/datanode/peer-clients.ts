import type { WireClient } from '../wire/api.js';

/** Peers that stay connected after a copy; the one used longest ago is closed for a new one. */
const peersMax = 32;

export interface Peer {
  nodeId: string;
  address: string;
}

/** Connections to other datanodes, made when the first copy needs one. */
export class PeerClients {
  readonly #connect: (peer: Peer) => WireClient;
  readonly #clients = new Map<string, WireClient>();

  constructor(connect: (peer: Peer) => WireClient) {
    this.#connect = connect;
  }

  get(peer: Peer): WireClient {
    const key = `${peer.nodeId} ${peer.address}`;
    const client = this.#clients.get(key) ?? this.#connect(peer);
    this.#clients.delete(key);
    this.#clients.set(key, client); // the newest stands last
    if (this.#clients.size > peersMax) {
      const [oldest] = this.#clients.keys();
      void this.#clients.get(oldest!)!.close();
      this.#clients.delete(oldest!);
    }
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}
