import { assert } from '../base/assert.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { listKeysMax } from '../model/limits.js';
import type { View, ViewNumber } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import { NeverSent, Unreachable, type Reply, type WireClient } from '../wire/api.js';
import type { Attempt, RequestOf, ResponseOf, VerbTo } from '../wire/verbs.js';
import { Attempts } from './attempts.js';

type MasterVerb = VerbTo<'master'>;
/** Verbs that change something: each try carries an attempt id. */
export type ChangingVerb = { [V in MasterVerb]: RequestOf<V> extends { attempt: Attempt } ? V : never }[MasterVerb];
/** Verbs that change nothing, or to which a repeat is harmless. */
export type AskingVerb = Exclude<MasterVerb, ChangingVerb>;

/** Waiting for one answer; a master that is slower is asked again, with the same attempt id. */
const tryMsMax = 10_000;
/** Between two tries; the connection itself is dialled with a backoff of its own. */
const retryDelayMs = 50;
/** A body of an answer; the largest is a list of the longest keys. */
const bodyBytesMax = listKeysMax * 8 * 1024;
/** One on its way, and one more when a newer number was heard meanwhile; whoever needs the next one asks again. */
const viewFetchesMax = 2;
/** Requests that may wait for a master that is away. */
const heldRequestsMax = 2000;

export interface MasterClientOptions {
  gatewayId: string;
  /** How long a request waits for a master that is away. */
  masterWaitMs: number;
}

/**
 * The gateway's side of the master: repeats what got no answer, holds requests while the master is away, and keeps the
 * view. A repeat carries the same attempt id, so the master carries it out once, also across its restart.
 */
export class MasterClient {
  readonly #wire: Pick<WireClient, 'call'>;
  readonly #options: MasterClientOptions;
  readonly #parts: { clock: Clock; log: Log };
  readonly #attempts: Attempts;
  #view: View | null = null;
  #viewFetch: Promise<void> | null = null;
  /** The newest view number heard of since the view was last fetched. */
  #stamp: ViewNumber = { epoch: 0, n: 0 };
  #held = 0;
  #isStopped = false;

  constructor(wire: Pick<WireClient, 'call'>, options: MasterClientOptions, parts: { clock: Clock; log: Log }) {
    this.#wire = wire;
    this.#options = options;
    this.#parts = parts;
    this.#attempts = new Attempts(options.gatewayId);
  }

  /** The newest view that is known, or null before the first. */
  get view(): View | null {
    return this.#view;
  }

  /** Requests that wait for a master that is away. */
  get held(): number {
    return this.#held;
  }

  /** The view, fetched when there is none yet. Refuses: master-away. */
  async someView(): Promise<View> {
    if (this.#view === null) await this.refreshView();
    return this.#view ?? Promise.reject(new Refusal('master-away'));
  }

  /** Fetches the view; who comes while it is on its way gets the same. */
  refreshView(): Promise<void> {
    this.#viewFetch ??= this.#takeView();
    return this.#viewFetch;
  }

  /** A master's answer carried this number: a newer view than ours is fetched, once for all. */
  noteStamp(stamp: ViewNumber): void {
    if (isNewer(stamp, this.#stamp)) this.#stamp = stamp;
    if (this.#view !== null && this.#isViewBehind) {
      this.refreshView().catch((error: unknown) => this.#parts.log.warn({ err: error }, 'the view could not be fetched'));
    }
  }

  /** Asks a verb that changes nothing. Refuses: master-away, slow-down, and what the master refuses. */
  ask<V extends AskingVerb>(verb: V, head: RequestOf<V>): Promise<ResponseOf<V>> {
    return this.#call(verb, head, headOf);
  }

  /** The same for an answer with a body. */
  askForBody<V extends AskingVerb>(verb: V, head: RequestOf<V>): Promise<{ head: ResponseOf<V>; body: Buffer }> {
    return this.#call(verb, head, wholeOf);
  }

  /**
   * Asks for a change; `head` is handed over, and gets its attempt id (a copy with one more field costs as much as making
   * the JSON of it). Refuses also: outcome-unknown, when it was sent and the deadline came without an answer.
   */
  async change<V extends ChangingVerb>(verb: V, head: Omit<RequestOf<V>, 'attempt'>): Promise<ResponseOf<V>> {
    const attempt = this.#attempts.begin();
    try {
      return await this.#call(verb, Object.assign(head, { attempt }) as RequestOf<V>, headOf);
    } finally {
      this.#attempts.finish(attempt);
    }
  }

  /** Nothing is repeated any more: the connection is about to be closed. */
  stop(): void {
    this.#isStopped = true;
  }

  /** The first try is the whole story nearly always, so it goes without a loop around it. */
  #call<V extends MasterVerb, Result>(verb: V, head: RequestOf<V>, take: Take<V, Result>): Promise<Result> {
    const startedMs = this.#parts.clock.monotonicMs();
    const timeoutMs = Math.min(tryMsMax, this.#options.masterWaitMs);
    return this.#try(verb, head, take, timeoutMs).catch((error: unknown) => {
      if (!(error instanceof Unreachable)) throw error;
      return this.#repeat(verb, head, take, { deadlineMs: startedMs + this.#options.masterWaitMs, first: error });
    });
  }

  #try<V extends MasterVerb, Result>(verb: V, head: RequestOf<V>, take: Take<V, Result>, timeoutMs: number): Promise<Result> {
    return this.#wire.call(verb, head, { timeoutMs }).then(take);
  }

  async #repeat<V extends MasterVerb, Result>(
    verb: V,
    head: RequestOf<V>,
    take: Take<V, Result>,
    { deadlineMs, first }: { deadlineMs: number; first: Unreachable },
  ): Promise<Result> {
    const { clock, log } = this.#parts;
    if (this.#held >= heldRequestsMax) throw this.#givenUp(verb, head, !(first instanceof NeverSent), first);
    this.#held += 1;
    let perhapsDone = !(first instanceof NeverSent);
    let last = first;
    try {
      for (;;) {
        const leftMs = deadlineMs - clock.monotonicMs();
        if (leftMs <= retryDelayMs || this.#isStopped) throw this.#givenUp(verb, head, perhapsDone, last);
        await clock.sleep(retryDelayMs);
        try {
          const result = await this.#try(verb, head, take, Math.min(tryMsMax, leftMs - retryDelayMs));
          log.debug({ verb }, 'the master answered a repeated call');
          return result;
        } catch (error) {
          if (!(error instanceof Unreachable)) throw error;
          perhapsDone ||= !(error instanceof NeverSent);
          last = error;
        }
      }
    } finally {
      this.#held -= 1;
    }
  }

  #givenUp(verb: MasterVerb, head: object, perhapsDone: boolean, cause: Unreachable): Refusal {
    this.#parts.log.warn({ verb, err: cause, perhapsDone }, 'no answer from the master');
    return new Refusal(perhapsDone && 'attempt' in head ? 'outcome-unknown' : 'master-away');
  }

  /** A newer view than ours is known of, or there is none yet. */
  get #isViewBehind(): boolean {
    return this.#view === null || isNewer(this.#stamp, this.#view.number);
  }

  async #takeView(): Promise<void> {
    try {
      // A number that comes while a view is on its way may be that of a later one, and each connection says it only once
      for (let fetches = 0; fetches < viewFetchesMax; fetches += 1) {
        const asked = this.#stamp;
        const view = await this.#call('getView', {}, headOf);
        if (this.#view === null || isNewer(view.number, this.#view.number)) this.#view = view;
        if (!this.#isViewBehind) return;
        if (isNewer(this.#stamp, asked)) continue;
        this.#stamp = this.#view.number; // the master has none that is as new
        return;
      }
    } finally {
      this.#viewFetch = null;
    }
  }
}

/** What becomes of a reply. */
type Take<V extends MasterVerb, Result> = (reply: Reply<V>) => Result | Promise<Result>;

function headOf<V extends MasterVerb>(reply: Reply<V>): ResponseOf<V> {
  return reply.head;
}

async function wholeOf<V extends MasterVerb>({ head, body }: Reply<V>): Promise<{ head: ResponseOf<V>; body: Buffer }> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for (let piece = await body.read(); piece !== null; piece = await body.read()) {
      bytes += piece.length;
      assert(bytes <= bodyBytesMax, 'the body of an answer is bounded');
      pieces.push(piece);
    }
  } finally {
    body.discard();
  }
  return { head, body: pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, bytes) };
}

function isNewer(a: ViewNumber, b: ViewNumber): boolean {
  return a.epoch > b.epoch || (a.epoch === b.epoch && a.n > b.n);
}
