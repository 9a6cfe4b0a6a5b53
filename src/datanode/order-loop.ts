import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { Semaphore } from '../base/semaphore.js';
import { TaskLoop } from '../base/task-loop.js';
import { Refusal } from '../model/refusal.js';
import type { WireClient } from '../wire/api.js';
import type { Order, OrderOutcome, RequestOf } from '../wire/verbs.js';
import type { MasterLink } from './master-link.js';
import type { DatanodeMetrics } from './metrics.js';

/** Orders held at once, running or waiting; more are asked for when half are done. */
const heldMax = 1000;
/** Orders that move or read whole chunks, and all others, that run at once. */
const slowMax = 4;
const quickMax = 64;
const pollWaitMs = 20_000;
/** On top of the wait: a busy master still answers. */
const pollMarginMs = 10_000;
const reportMsMax = 10_000;
const backoffLimits = { firstDelayMs: 50, maxDelayMs: 3000 };

type Result = RequestOf<'reportOrders'>['results'][number];

export interface OrderLoopParts {
  client: WireClient;
  self: { nodeId: string; boot: number };
  link: Pick<MasterLink, 'reign' | 'obeyed' | 'beatNow'>;
  /** Carries out one order. What it throws is logged and reported as `failed`. */
  run: (order: Order, signal: AbortSignal) => Promise<OrderOutcome>;
  metrics: DatanodeMetrics;
  clock: Clock;
  random: Random;
  log: Log;
}

/**
 * Takes orders by long poll, carries them out, reports how they ended. Orders for one chunk run in the order in which
 * they were given; different chunks do not wait for each other. Every order taken is answered, also the refused ones:
 * the master gives it anew.
 */
export class OrderLoop {
  readonly #parts: OrderLoopParts;
  readonly #takeLoop: TaskLoop;
  readonly #reportLoop: TaskLoop;
  readonly #slow = new Semaphore(slowMax, heldMax);
  readonly #quick = new Semaphore(quickMax, heldMax);
  readonly #abort = new AbortController();
  /** The last order under way for a chunk. */
  readonly #tails = new Map<string, { order: Order; ended: Promise<void> }>();
  /** The last order that arrived; orders of one reign come in ascending n. */
  #received = { epoch: 0, n: 0 };
  #held = 0;
  #results: Result[] = [];

  constructor(parts: OrderLoopParts) {
    this.#parts = parts;
    const loopParts = () => ({ ...parts, backoff: new Backoff(backoffLimits, parts.random) });
    this.#takeLoop = new TaskLoop({ name: 'take orders', work: (signal) => this.#take(signal) }, loopParts());
    this.#reportLoop = new TaskLoop({ name: 'report orders', work: (signal) => this.#report(signal) }, loopParts());
  }

  start(): void {
    this.#takeLoop.start();
    this.#reportLoop.start();
  }

  /** Ends what is under way: a copy stores nothing, and the master orders it again. */
  async stop(): Promise<void> {
    this.#abort.abort(new Error('the node stops'));
    await Promise.all([this.#takeLoop.stop(), this.#reportLoop.stop(), ...[...this.#tails.values()].map((tail) => tail.ended)]);
  }

  async #take(signal: AbortSignal): Promise<number> {
    const { client, self, link, log } = this.#parts;
    await link.obeyed(signal);
    if (this.#held > heldMax / 2) return pollWaitMs; // woken as soon as half are done
    const receivedN = this.#received.epoch === link.reign?.epoch ? this.#received.n : 0;
    const request = { ...self, credit: heldMax - this.#held, waitMs: pollWaitMs, receivedN };
    const { head } = await client.call('takeOrders', request, { timeoutMs: pollWaitMs + pollMarginMs, signal });
    const last = head.orders.at(-1);
    if (last !== undefined) {
      this.#received = { epoch: last.epoch, n: last.n };
      // Orders name only an epoch. A heartbeat after them tells whether whoever gave them is obeyed; if not, they fail.
      await link.beatNow(signal).catch((error: unknown) => log.warn({ err: error }, 'orders of a master that is not obeyed'));
    }
    for (const order of head.orders) this.#begin(order);
    return 0;
  }

  #begin(order: Order): void {
    const key = order.kind === 'clear' ? 'clear' : order.id;
    const before = this.#tails.get(key)?.ended ?? Promise.resolve();
    this.#held += 1;
    this.#tails.set(key, { order, ended: this.#carryOutAfter(before, order, key) });
  }

  async #carryOutAfter(before: Promise<void>, order: Order, key: string): Promise<void> {
    await before;
    const outcome = await this.#carryOut(order);
    this.#held -= 1;
    if (this.#tails.get(key)?.order === order) this.#tails.delete(key);
    if (this.#held <= heldMax / 2) this.#takeLoop.wake();
    this.#results.push({ epoch: order.epoch, n: order.n, outcome });
    this.#reportLoop.wake();
    this.#parts.metrics.countOrder(order.kind, outcome);
  }

  /** Never rejects. */
  async #carryOut(order: Order): Promise<OrderOutcome> {
    const { link, run, log } = this.#parts;
    const release = await this.#slots(order).acquire();
    try {
      // Looked at now, not when it was taken: a newer master may have been obeyed since.
      if (order.epoch !== link.reign?.epoch) throw new Refusal('reign-stale');
      this.#abort.signal.throwIfAborted();
      return await run(order, this.#abort.signal);
    } catch (error) {
      log.warn({ order, err: error }, 'an order failed');
      return 'failed';
    } finally {
      release();
    }
  }

  #slots(order: Order): Semaphore {
    return order.kind === 'delete' || (order.kind === 'verify' && !order.deep) ? this.#quick : this.#slow;
  }

  async #report(signal: AbortSignal): Promise<number> {
    const { client, self, log } = this.#parts;
    const batch = this.#results.slice(0, heldMax);
    if (batch.length === 0) return pollWaitMs; // woken by the next result
    try {
      await client.call('reportOrders', { ...self, results: batch }, { timeoutMs: reportMsMax, signal });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // nobody knows: again
      log.warn({ err: error, results: batch.length }, 'the master does not want these results');
    }
    this.#results = this.#results.slice(batch.length);
    return 0;
  }
}
