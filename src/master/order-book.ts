import type { Clock } from '../base/clock.js';
import { Refusal } from '../model/refusal.js';
import type { Order, OrderOutcome } from '../wire/verbs.js';

type WithoutNumber<T> = T extends unknown ? Omit<T, 'epoch' | 'n'> : never;
/** An order before it has its number. */
export type OrderBody = WithoutNumber<Order>;
export type OrderKind = Order['kind'];

/** `lost`: the node ended, stopped counting or fell silent with the order; nobody knows whether it was carried out. */
export type Settlement = OrderOutcome | 'lost';

/** Orders of one kind that one node may have, waiting or given out. A copy can be 5 GiB, a delete is a record. */
const roomMax: Record<OrderKind, number> = { copy: 32, delete: 500, verify: 500, clear: 1 };
/**
 * An order that was given out so long ago and did not end is lost. What moves or reads whole chunks waits on the node
 * behind others of its kind, each of up to 5 GiB.
 */
const heldMsMax: Record<OrderKind, number> = { copy: 60 * 60_000, delete: 10 * 60_000, verify: 60 * 60_000, clear: 60 * 60_000 };
/** The longest a `takeOrders` is held. */
const waitMsMax = 60_000;

interface Entry {
  order: Order;
  settle: (settlement: Settlement) => void;
  /** Monotonic: when it was last given out. */
  givenAtMs: number;
}

/** What a node says when it asks for orders. */
export interface OrderAsk {
  nodeId: string;
  boot: number;
  credit: number;
  waitMs: number;
  /** The highest n of this reign that reached this start of the node; 0 before the first. */
  receivedN: number;
}

interface NodeOrders {
  /** The start that took orders last; 0 before the first. */
  boot: number;
  /** Whether it is there to take orders. */
  open: boolean;
  waiting: Entry[];
  /** By n, ascending. */
  givenOut: Map<number, Entry>;
  count: Record<OrderKind, number>;
  /** Counts the long polls: only the newest gets orders, since the answer of an older one may go nowhere. */
  polls: number;
  /** Ends the long poll that is open. */
  wake: (() => void) | null;
}

/**
 * What the datanodes are asked to do at the moment. Nothing here is durable: whoever places an order derives it from
 * committed rows, is told how it ended, and derives it again when it was lost or this process ended. So an order is
 * never lost for good, and every order is harmless when repeated.
 */
export class OrderBook {
  readonly #epoch: number;
  readonly #clock: Clock;
  readonly #nodes = new Map<string, NodeOrders>();
  readonly #roomWaiters = new Set<() => void>();
  #lastN = 0;
  #closed = false;

  constructor(epoch: number, clock: Clock) {
    this.#epoch = epoch;
    this.#clock = clock;
  }

  /** How many more orders of a kind the node may get. */
  room(nodeId: string, kind: OrderKind): number {
    return this.#isOpen(nodeId) ? roomMax[kind] - this.#of(nodeId).count[kind] : 0;
  }

  /**
   * Places an order as soon as there is room for it. Resolves when it has ended; rejects only with the signal's reason.
   * An order for a node that takes none is lost at once.
   */
  async submit(nodeId: string, body: OrderBody, signal: AbortSignal): Promise<Settlement> {
    while (this.#isOpen(nodeId) && this.room(nodeId, body.kind) <= 0) await this.#roomSomewhere(signal);
    signal.throwIfAborted();
    return this.#place(nodeId, body);
  }

  /** Orders that are not yet settled. */
  count(kind: OrderKind): number {
    let sum = 0;
    for (const node of this.#nodes.values()) sum += node.count[kind];
    return sum;
  }

  /** The node takes orders from now on. */
  open(nodeId: string): void {
    this.#of(nodeId).open = true;
  }

  /** The node no longer carries out orders: what it has is lost. */
  drop(nodeId: string): void {
    const node = this.#of(nodeId);
    node.open = false;
    this.#lose(node);
  }

  /**
   * The long poll of a node: up to `credit` orders in their order, or none after `waitMs`. What was given out above
   * `receivedN` was in an answer that got lost: it is given anew.
   */
  async take(ask: OrderAsk, signal: AbortSignal): Promise<Order[]> {
    const node = this.#of(ask.nodeId);
    if (ask.boot < node.boot) throw new Refusal('boot-stale');
    if (ask.boot > node.boot) {
      if (node.boot > 0) this.#lose(node);
      node.boot = ask.boot;
    }
    node.polls += 1;
    const poll = node.polls;
    node.wake?.();
    this.#takeBack(node, ask.receivedN);
    if (node.waiting.length === 0 && !this.#closed) await this.#wait(node, Math.min(ask.waitMs, waitMsMax), signal);
    if (signal.aborted || node.polls !== poll) return [];

    const taken = node.waiting.splice(0, ask.credit);
    const givenAtMs = this.#clock.monotonicMs();
    for (const entry of taken) {
      entry.givenAtMs = givenAtMs;
      node.givenOut.set(entry.order.n, entry);
    }
    return taken.map((entry) => entry.order);
  }

  /** Results of orders of an earlier reign or boot, or of orders that were taken for lost, change nothing. */
  report(ask: { nodeId: string; boot: number }, results: readonly { epoch: number; n: number; outcome: OrderOutcome }[]): void {
    const node = this.#of(ask.nodeId);
    if (ask.boot !== node.boot) return;
    for (const result of results) {
      const entry = result.epoch === this.#epoch ? node.givenOut.get(result.n) : undefined;
      if (!entry) continue;
      node.givenOut.delete(result.n);
      this.#settle(node, entry, result.outcome);
    }
  }

  /** Takes orders that were given out long ago for lost, each by itself. Call it now and then. */
  expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const node of this.#nodes.values()) {
      for (const [n, entry] of node.givenOut) {
        if (nowMs - entry.givenAtMs < heldMsMax[entry.order.kind]) continue;
        node.givenOut.delete(n);
        this.#settle(node, entry, 'lost');
      }
    }
  }

  /** Ends every long poll; nothing is given out any more. */
  close(): void {
    this.#closed = true;
    for (const node of this.#nodes.values()) {
      this.#lose(node);
      node.wake?.();
    }
  }

  #of(nodeId: string): NodeOrders {
    let node = this.#nodes.get(nodeId);
    if (!node) {
      const count = { copy: 0, delete: 0, verify: 0, clear: 0 };
      node = { boot: 0, open: false, waiting: [], givenOut: new Map(), count, polls: 0, wake: null };
      this.#nodes.set(nodeId, node);
    }
    return node;
  }

  #isOpen(nodeId: string): boolean {
    return !this.#closed && (this.#nodes.get(nodeId)?.open ?? false);
  }

  #place(nodeId: string, body: OrderBody): Promise<Settlement> {
    if (!this.#isOpen(nodeId)) return Promise.resolve('lost');
    return new Promise((settle) => {
      const node = this.#of(nodeId);
      this.#lastN += 1;
      node.waiting.push({ order: { ...body, epoch: this.#epoch, n: this.#lastN }, settle, givenAtMs: 0 });
      node.count[body.kind] += 1;
      node.wake?.();
    });
  }

  /** Resolves when an order of any node has ended, or a node stopped taking orders. */
  #roomSomewhere(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        signal.removeEventListener('abort', abort);
        this.#roomWaiters.delete(end);
        resolve();
      };
      const abort = (): void => {
        this.#roomWaiters.delete(end);
        reject(signal.reason as Error);
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#roomWaiters.add(end);
    });
  }

  /** Orders above `receivedN` never reached the node: they wait again, before all newer ones. */
  #takeBack(node: NodeOrders, receivedN: number): void {
    const unreceived = [...node.givenOut.values()].filter((entry) => entry.order.n > receivedN);
    for (const entry of unreceived) node.givenOut.delete(entry.order.n);
    node.waiting.unshift(...unreceived);
  }

  #lose(node: NodeOrders): void {
    const entries = [...node.givenOut.values(), ...node.waiting];
    node.givenOut.clear();
    node.waiting = [];
    for (const entry of entries) this.#settle(node, entry, 'lost');
    this.#resumeWaiters();
  }

  #settle(node: NodeOrders, entry: Entry, settlement: Settlement): void {
    node.count[entry.order.kind] -= 1;
    entry.settle(settlement);
    this.#resumeWaiters();
  }

  #resumeWaiters(): void {
    for (const resume of this.#roomWaiters) resume();
  }

  #wait(node: NodeOrders, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', end);
        if (node.wake === end) node.wake = null;
        resolve();
      };
      const timer = this.#clock.setTimer(waitMs, end);
      signal.addEventListener('abort', end, { once: true });
      node.wake = end;
    });
  }
}
