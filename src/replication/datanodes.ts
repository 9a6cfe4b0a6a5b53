import type { View, ViewNode, ViewNumber } from '../model/node.js';
import type { WireClient } from '../wire/api.js';

type DatanodeClient = Pick<WireClient, 'call' | 'open' | 'isAway' | 'close'>;

interface Known {
  client: DatanodeClient;
  /** Reads and writes under way from this process. */
  busy: number;
}

/** A node of the view, ready to be called. */
export interface Datanode {
  node: ViewNode;
  client: DatanodeClient;
  /** Counts one more; the answer uncounts it, once. */
  enter(): () => void;
}

/**
 * Connections to datanodes, one client per node id and address, made when first asked for. A node that has left the view
 * or moved to another address is disconnected.
 */
export class Datanodes {
  readonly #connect: (node: ViewNode) => DatanodeClient;
  readonly #known = new Map<string, Known>();
  /** The same by the view's own objects, which stay the same for many chunks: no key has to be put together and hashed. */
  #knownOf = new WeakMap<ViewNode, Known>();
  /** The newest view seen. A chunk that takes long still comes with an older one. */
  #followed: ViewNumber = { epoch: 0, n: 0 };

  /** `connect` makes a client that expects exactly this node id. */
  constructor(connect: (node: ViewNode) => DatanodeClient) {
    this.#connect = connect;
  }

  /** The node as this view shows it. */
  in(view: View, node: ViewNode): Datanode {
    if (isNewer(view.number, this.#followed)) this.#follow(view);
    let known = this.#find(node);
    if (known === undefined) {
      known = { client: this.#connect(node), busy: 0 };
      this.#known.set(keyOf(node), known);
    }
    return new KnownDatanode(node, known);
  }

  /** How many reads and writes of this process are under way on the node. */
  busyOn(node: ViewNode): number {
    return this.#find(node)?.busy ?? 0;
  }

  /** Nothing is known against the node unless it was called before. */
  isAway(node: ViewNode): boolean {
    return this.#find(node)?.client.isAway ?? false;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#known.values()].map(({ client }) => client.close()));
    this.#known.clear();
    this.#knownOf = new WeakMap();
  }

  #find(node: ViewNode): Known | undefined {
    let known = this.#knownOf.get(node);
    if (known === undefined) {
      known = this.#known.get(keyOf(node));
      if (known !== undefined) this.#knownOf.set(node, known);
    }
    return known;
  }

  #follow(view: View): void {
    this.#followed = view.number;
    this.#knownOf = new WeakMap();
    const present = new Set(view.nodes.map(keyOf));
    for (const [key, { client }] of this.#known) {
      if (present.has(key)) continue;
      this.#known.delete(key);
      void client.close();
    }
  }
}

class KnownDatanode implements Datanode {
  readonly node: ViewNode;
  readonly #known: Known;

  constructor(node: ViewNode, known: Known) {
    this.node = node;
    this.#known = known;
  }

  get client(): DatanodeClient {
    return this.#known.client;
  }

  enter(): () => void {
    this.#known.busy += 1;
    let inside = true;
    return () => {
      if (inside) this.#known.busy -= 1;
      inside = false;
    };
  }
}

function keyOf(node: ViewNode): string {
  return `${node.nodeId} ${node.address}`;
}

function isNewer(a: ViewNumber, b: ViewNumber): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.n > b.n);
}
