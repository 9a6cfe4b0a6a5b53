import { Backoff } from '../base/backoff.js';
import type { Clock, Timer } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { ViewNumber } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import { NeverSent, Unreachable, type CallOptions, type OutgoingCall, type Reply, type WireClient } from './api.js';
import { Call, type CallKeeper } from './call.js';
import { ClientConnection } from './client-connection.js';
import { processMark, type Identity, type Lane } from './handshake.js';
import { wireLimits, type WireLimits } from './limits.js';
import type { QueuedBytes } from './outgoing-body.js';
import { dial } from './upgrade.js';
import { verbs, type RequestOf, type Verb } from './verbs.js';

export interface WireClientOptions extends Identity {
  /** Base address of the peer, `http://host:port`. */
  address: string;
  /** Who must answer there; a null id accepts whoever proves the role. */
  expect: { role: 'master' | 'datanode'; id: string | null };
  /** The cluster secrets, asked anew for each proof: the first is ours, all are accepted. */
  secrets: () => Buffer[];
  /** Hears the view number that a master's answer carries whenever it changes. */
  onStamp?: (stamp: ViewNumber) => void;
  /** Hears of every call when it is over; `failed`: no whole answer came, or a refusal. */
  onCall?: (verb: Verb, call: { durationMs: number; failed: boolean }) => void;
  /** Tells this process apart from a clone of its volume; by default made of host, process id and start time. */
  process?: string;
  limits?: Partial<WireLimits>;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
}

/**
 * A process has at most one client per peer: a peer takes a second connection of the same id and lane for the
 * successor of the first and drops that one.
 */
export function createWireClient(options: WireClientOptions, parts: Parts): WireClient {
  const limits: WireLimits = { ...wireLimits, ...options.limits };
  const lanes = { small: new ClientLane('small', options, limits, parts), bulk: new ClientLane('bulk', options, limits, parts) };
  const start = (verb: Verb, head: unknown, callOptions: CallOptions, hasBody: boolean): Call => {
    const lane = lanes[verbs[verb].lane];
    const nowMs = parts.clock.monotonicMs();
    const { onCall } = options;
    const onOver = onCall && ((failed: boolean) => onCall(verb, { durationMs: parts.clock.monotonicMs() - nowMs, failed }));
    const call = new Call(verb, head, callOptions, { hasBody, nowMs, limits, queued: lane.queued, onOver });
    lane.start(call);
    return call;
  };
  return {
    get isAway() {
      return lanes.small.isAway || lanes.bulk.isAway;
    },
    call<V extends Verb>(verb: V, head: RequestOf<V>, callOptions: CallOptions): Promise<Reply<V>> {
      return start(verb, head, callOptions, false).reply;
    },
    open<V extends Verb>(verb: V, head: RequestOf<V>, callOptions: CallOptions): OutgoingCall<V> {
      return start(verb, head, callOptions, true);
    },
    close() {
      lanes.small.close();
      lanes.bulk.close();
      return Promise.resolve();
    },
  };
}

/** One of the two connections to a peer: dialled when a call needs it, again after a break, with backoff after failures. */
class ClientLane implements CallKeeper {
  readonly queued: QueuedBytes = { total: 0 };
  readonly #lane: Lane;
  readonly #options: WireClientOptions;
  readonly #limits: WireLimits;
  readonly #parts: Parts;
  readonly #backoff: Backoff;
  readonly #waiting = new Set<Call>();
  readonly #abort = new AbortController();
  #connection: ClientConnection | null = null;
  #deadlineTimer: Timer | null = null;
  #dialling = false;
  /** Not before this time after failures, `monotonicMs`. */
  #dialAtMs = 0;
  /** The last attempt failed. */
  #hasFailed = false;

  constructor(lane: Lane, options: WireClientOptions, limits: WireLimits, parts: Parts) {
    this.#lane = lane;
    this.#options = options;
    this.#limits = limits;
    this.#parts = parts;
    this.#backoff = new Backoff(limits.redial, parts.random);
  }

  get isAway(): boolean {
    return this.#hasFailed && (this.#dialling || this.#parts.clock.monotonicMs() < this.#dialAtMs);
  }

  start(call: Call): void {
    if (call.isDone) return;
    this.#watchDeadlines();
    if (this.#abort.signal.aborted) call.fail(new NeverSent('the client is closed'));
    else if ((this.#connection?.callsUnderWay ?? this.#waiting.size) >= this.#limits.callsMax) call.fail(new Refusal('slow-down'));
    else if (this.#connection !== null) this.#connection.start(call);
    else {
      this.#waiting.add(call);
      call.keepIn(this);
      if (!this.#dialling) void this.#connect();
    }
  }

  forget(call: Call): void {
    this.#waiting.delete(call);
  }

  close(): void {
    this.#abort.abort(new Unreachable('the client is closed'));
    this.#connection?.destroy('the client is closed');
    this.#failWaiting(new NeverSent('the client is closed'));
  }

  /** One attempt for all calls that wait; its failure is the failure of them all. */
  async #connect(): Promise<void> {
    const { clock } = this.#parts;
    this.#dialling = true;
    try {
      const delayMs = this.#dialAtMs - clock.monotonicMs();
      if (delayMs > 0) await clock.sleep(delayMs, this.#abort.signal);
      const connection = await this.#dialAndProve();
      this.#connection = connection;
      this.#hasFailed = false;
      this.#backoff.reset();
      this.#parts.log.debug({ peer: this.#options.address, lane: this.#lane }, 'wire connected');
      for (const call of this.#waiting) connection.start(call);
      this.#waiting.clear();
    } catch (error) {
      this.#hasFailed = true;
      this.#dialAtMs = clock.monotonicMs() + this.#backoff.nextDelayMs();
      // A refusal is a matter of settings (secret, identity) and needs a person; the rest comes and goes
      const level = error instanceof Refusal ? 'warn' : 'debug';
      this.#parts.log[level]({ peer: this.#options.address, lane: this.#lane, err: error }, 'wire connection failed');
      this.#failWaiting(failureOf(this.#options.address, error));
    } finally {
      this.#dialling = false;
    }
  }

  async #dialAndProve(): Promise<ClientConnection> {
    const { address, role, id, boot, expect, secrets, onStamp } = this.#options;
    const { clock } = this.#parts;
    const openedAtMs = clock.monotonicMs();
    const upgraded = await dial(address, this.#limits.handshakeMs, clock);
    const connection = new ClientConnection(
      upgraded,
      {
        self: { role, id, boot, lane: this.#lane, process: this.#options.process ?? processMark(), openedAtMs },
        expect,
        secrets,
        limits: this.#limits,
        ...(onStamp === undefined ? {} : { onStamp }),
        onClosed: () => {
          if (this.#connection === connection) this.#connection = null;
        },
      },
      this.#parts,
    );
    if (this.#abort.signal.aborted) connection.destroy('the client is closed');
    await connection.prove();
    if (!connection.isOpen) throw new Unreachable('connection closed');
    return connection;
  }

  /** One timer for all calls of the lane: setting one for each would be a noticeable part of what a small call costs. */
  #watchDeadlines(): void {
    if (this.#deadlineTimer !== null) return;
    const { clock } = this.#parts;
    this.#deadlineTimer = clock.setTimer(this.#limits.deadlineTickMs, () => {
      this.#deadlineTimer = null;
      const nowMs = clock.monotonicMs();
      for (const call of this.#waiting) call.checkDeadline(nowMs);
      this.#connection?.checkDeadlines(nowMs);
      if (this.#waiting.size > 0 || (this.#connection?.callsUnderWay ?? 0) > 0) this.#watchDeadlines();
    });
  }

  #failWaiting(error: Error): void {
    for (const call of this.#waiting) call.fail(error);
  }
}

/** That a later start of us is known is the peer's answer; every other failure means only that nobody was reached. */
function failureOf(address: string, error: unknown): Error {
  if (error instanceof Refusal && error.code === 'boot-stale') return error;
  const reason = `${address}: ${error instanceof Error ? error.message : String(error)}`;
  // only a refusal says more than these words, by its code; a log would print any other cause twice
  return error instanceof Refusal ? new NeverSent(reason, { cause: error }) : new NeverSent(reason);
}
