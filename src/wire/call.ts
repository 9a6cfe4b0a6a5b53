import type { z } from 'zod';
import type { Clock, Timer } from '../base/clock.js';
import { Refusal } from '../model/refusal.js';
import { NeverSent, Unreachable, type CallOptions, type OutgoingCall, type Reply } from './api.js';
import { ArrivingBody, emptyBody } from './arriving-body.js';
import { frameKinds, type FrameHead } from './frames.js';
import { bare, type FrameSocket } from './frame-socket.js';
import type { WireLimits } from './limits.js';
import { OutgoingBody } from './outgoing-body.js';
import { parseCredit, parseHead, parseRefusal } from './heads.js';
import { verbs, type Verb } from './verbs.js';

/** Body bytes that wait on one connection, all calls together. */
export interface QueuedBytes {
  total: number;
}

/** One call as its caller's side sees it: first waiting for a connection, then on one, then answered. */
export class Call implements OutgoingCall<Verb> {
  readonly reply: Promise<Reply<Verb>>;
  readonly #verb: Verb;
  readonly #headJson: string;
  readonly #limits: WireLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #queued: QueuedBytes;
  readonly #timer: Timer;
  /** Null: the call has no request body. */
  readonly #request: OutgoingBody | null;
  #answer: ArrivingBody | null = null;
  #resolve!: (reply: Reply<Verb>) => void;
  #reject!: (error: Error) => void;
  #frames: FrameSocket | null = null;
  #id = 0;
  #done = false;
  #leave: () => void = () => undefined;

  constructor(
    verb: Verb,
    head: unknown,
    options: CallOptions & { hasBody: boolean },
    parts: { limits: WireLimits; clock: Clock; queued: QueuedBytes },
  ) {
    this.#verb = verb;
    this.#headJson = JSON.stringify(head);
    this.#limits = parts.limits;
    this.#queued = parts.queued;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#request = options.hasBody ? new OutgoingBody(parts.limits, (bytes) => this.#taken(bytes)) : null;
    // The caller of a pushed body may learn of its end elsewhere and never look at the reply
    if (options.hasBody) this.reply.catch(() => undefined);
    const { timeoutMs } = options;
    this.#timer = parts.clock.setTimer(timeoutMs, () => this.#tooLate(timeoutMs));
    this.#signal = options.signal;
    if (this.#signal?.aborted) this.#onAbort();
    else this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get isDone(): boolean {
    return this.#done;
  }

  /** `leave` is called once when the call is over; replaces the one before. */
  whenDone(leave: () => void): void {
    this.#leave = leave;
  }

  sendOn(frames: FrameSocket, id: number): void {
    this.#frames = frames;
    this.#id = id;
    frames.send({
      kind: frameKinds.request,
      verb: verbs[this.#verb].code,
      id,
      last: this.#request === null,
      json: this.#headJson,
      bodyBytes: 0,
      stampEpoch: 0,
      stampN: 0,
    });
    this.#request?.sendOn(frames, id);
  }

  // ---- the caller's side

  get queuedBytes(): number {
    return this.#request?.queuedBytes ?? 0;
  }

  write(bytes: Buffer): void {
    if (this.#done || this.#request === null || this.#request.finished) return;
    this.#queued.total += bytes.length;
    this.#request.write(bytes);
    if (this.#queued.total > this.#limits.queuedBodyBytes) this.abort(new Refusal('slow-down'));
  }

  async whenQueuedAtMost(bytes: number): Promise<void> {
    await this.#request?.whenQueuedAtMost(bytes);
  }

  end(trailer: unknown): void {
    this.#request?.end(trailer === null ? '' : JSON.stringify(trailer));
  }

  abort(reason: Error): void {
    if (this.#done) return;
    if (this.#frames !== null) this.#frames.send(bare(frameKinds.cancel, this.#id));
    this.fail(reason);
  }

  // ---- the connection's side

  /** The answer's head, perhaps with all of its body behind it. */
  receive(head: FrameHead, json: Buffer): void {
    if (head.kind === frameKinds.credit) this.#request?.addCredit(parseCredit(json));
    else if (head.kind === frameKinds.cancel) this.#request?.drop();
    else if (head.kind === frameKinds.refusal) this.fail(parseRefusal(json));
    else if (head.kind === frameKinds.reply && this.#answer === null) this.#receiveReply(head, json);
    else if (head.kind === frameKinds.data && this.#answer !== null) {
      if (head.last && head.bodyBytes === 0) this.#finish();
    }
  }

  /** False: the sender went beyond its credit. */
  receiveBody(bytes: Buffer, last: boolean): boolean {
    const inTime = this.#answer?.push(bytes) ?? true;
    if (last) this.#finish();
    return inTime;
  }

  /** The call is over without its whole answer. */
  fail(error: Error): void {
    if (this.#done) return;
    this.#over();
    this.#reject(error);
    this.#answer?.fail(error);
  }

  #receiveReply(head: FrameHead, json: Buffer): void {
    const parsed = parseHead(verbs[this.#verb].response as z.ZodType<Reply<Verb>['head']>, json);
    if (parsed === null) {
      this.abort(new Refusal('wire-malformed', `The answer to ${this.#verb} does not have its shape.`));
      return;
    }
    this.#timer.cancel();
    if (head.last && head.bodyBytes === 0) {
      this.#over();
      this.#resolve({ head: parsed, body: emptyBody });
      return;
    }
    this.#answer = new ArrivingBody(this.#limits, {
      credit: (bytes) => this.#frames?.send(bare(frameKinds.credit, this.#id, String(bytes))),
      stop: () => this.abort(new Error('the answer was discarded')),
    });
    this.#resolve({ head: parsed, body: this.#answer });
  }

  #finish(): void {
    if (this.#done) return;
    this.#over();
    this.#answer?.end();
  }

  #over(): void {
    this.#done = true;
    this.#timer.cancel();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#request?.drop();
    this.#leave();
  }

  #tooLate(timeoutMs: number): void {
    const reason = `${this.#verb}: no answer within ${timeoutMs} ms`;
    this.abort(this.#frames === null ? new NeverSent(reason) : new Unreachable(reason));
  }

  #taken(bytes: number): void {
    this.#queued.total -= bytes;
  }

  readonly #onAbort = (): void => this.abort(this.#signal?.reason as Error);
}
