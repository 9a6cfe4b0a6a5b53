import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { Refusal, type RefusalCode } from '../model/refusal.js';
import type { Handlers } from '../wire/api.js';
import { attachWire } from '../wire/server.js';
import { verbs, type Order, type OrderOutcome, type RequestOf, type ResponseOf } from '../wire/verbs.js';

type Heartbeat = RequestOf<'heartbeat'>;

export interface FakeMasterOptions {
  secret: Buffer;
  clusterId: string;
  reign: { epoch: number; id: string };
  port?: number;
}

function unexpected(): Promise<never> {
  return Promise.reject(new Refusal('not-implemented'));
}

/** The master's side of the wire as far as a datanode sees it, over a real socket; keeps what it was told. */
export class FakeMaster {
  readonly heartbeats: Heartbeat[] = [];
  readonly reported: RequestOf<'reportChunk'>[] = [];
  readonly replicas: RequestOf<'reportReplica'>[] = [];
  readonly faults: RequestOf<'diskFault'>[] = [];
  /** By n. */
  readonly outcomes = new Map<number, OrderOutcome>();
  /** Refuses the next reports of chunks. */
  refuseReports: RefusalCode | null = null;
  /** Refuses the next heartbeats. */
  refuseHeartbeats: RefusalCode | null = null;
  proveSequence: number | null = null;
  state: ResponseOf<'heartbeat'>['state'] = 'live';
  readonly #options: FakeMasterOptions;
  /** By node. */
  readonly #orders = new Map<string, Order[]>();
  readonly #server = createServer();
  #wire: { close(): Promise<void> } | null = null;
  readonly #takers = new Map<string, () => void>();
  #watchers: (() => void)[] = [];

  constructor(options: FakeMasterOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const parts = { clock: systemClock, random: systemRandom, log: silentLog };
    const { secret } = this.#options;
    this.#wire = attachWire(
      this.#server,
      { role: 'master', id: 'master', boot: 1, secrets: () => [secret], handlers: this.#handlers() },
      parts,
    );
    this.#server.listen(this.#options.port ?? 0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    for (const wake of this.#takers.values()) wake();
    await this.#wire?.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  order(nodeId: string, ...orders: Order[]): void {
    this.#orders.set(nodeId, [...(this.#orders.get(nodeId) ?? []), ...orders]);
    this.#takers.get(nodeId)?.();
  }

  /** Resolves as soon as something that this master was told makes it true. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const giveUp = AbortSignal.timeout(10_000);
    while (!holds()) {
      await new Promise<void>((resolve, reject) => {
        this.#watchers.push(resolve);
        giveUp.addEventListener('abort', () => reject(new Error(`it did not come true that ${what}`)), { once: true });
      });
    }
  }

  #told(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const resolve of watchers) resolve();
  }

  #handlers(): Handlers<'master'> {
    const others = Object.fromEntries(Object.keys(verbs).map((verb) => [verb, unexpected])) as unknown as Handlers<'master'>;
    const keep = <T>(list: T[], told: T): Promise<{ head: Record<string, never> }> => {
      list.push(told);
      this.#told();
      return Promise.resolve({ head: {} });
    };
    return {
      ...others,
      heartbeat: async ({ head }) => {
        await keep(this.heartbeats, head);
        if (this.refuseHeartbeats !== null) throw new Refusal(this.refuseHeartbeats);
        const { clusterId, reign } = this.#options;
        const viewNumber = { epoch: reign.epoch, n: 1 };
        return { head: { clusterId, reign, viewNumber, sweepGeneration: 7, state: this.state, proveSequence: this.proveSequence } };
      },
      takeOrders: async ({ head, signal }) => {
        if (!this.#orders.has(head.nodeId)) {
          await new Promise<void>((resolve) => {
            this.#takers.set(head.nodeId, resolve);
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
        }
        const orders = this.#orders.get(head.nodeId) ?? [];
        this.#orders.delete(head.nodeId);
        return { head: { orders } };
      },
      reportOrders: ({ head }) => {
        for (const { n, outcome } of head.results) this.outcomes.set(n, outcome);
        this.#told();
        return Promise.resolve({ head: {} });
      },
      reportChunk: ({ head }) => {
        if (this.refuseReports !== null) return Promise.reject(new Refusal(this.refuseReports));
        return keep(this.reported, head);
      },
      reportReplica: ({ head }) => keep(this.replicas, head),
      diskFault: ({ head }) => keep(this.faults, head),
    };
  }
}
