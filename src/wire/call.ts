import type { z } from 'zod';
import { Refusal } from '../model/refusal.js';
import { NeverSent, Unreachable, type CallOptions, type OutgoingCall, type Reply } from './api.js';
import { ArrivingBody, emptyBody, type BodySender } from './arriving-body.js';
import { frameKinds, type FrameHead } from './frames.js';
import { bare, type FrameSocket } from './frame-socket.js';
import { parseCredit, parseHead, parseRefusal } from './heads.js';
import type { WireLimits } from './limits.js';
import { OutgoingBody, type QueuedBytes } from './outgoing-body.js';
import { verbs, type Verb } from './verbs.js';

/** Where a call is kept while it is not over. */
export interface CallKeeper {
  forget(call: Call): void;
}

type Answer = Reply<Verb>;

/** One call as its caller's side sees it: first waiting for a connection, then on one, then answered. */
export class Call implements OutgoingCall<Verb>, BodySender {
  readonly #verb: Verb;
  readonly #headJson: string;
  readonly #limits: WireLimits;
  readonly #options: CallOptions;
  readonly #deadlineMs: number;
  readonly #queued: QueuedBytes;
  readonly #onOver: ((failed: boolean) => void) | undefined;
  /** Null: the call has no request body. */
  readonly #request: OutgoingBody | null;
  #arriving: ArrivingBody | null = null;
  #frames: FrameSocket | null = null;
  #keeper: CallKeeper | null = null;
  #id = 0;
  #isAnswered = false;
  #isDone = false;
  /** The outcome, until somebody asks for it; then the promise and its resolvers. */
  #answer: Answer | null = null;
  #error: Error | null = null;
  #reply: Promise<Answer> | null = null;
  #resolve: ((answer: Answer) => void) | null = null;
  #reject: ((error: Error) => void) | null = null;
  #onAbort: (() => void) | null = null;

  constructor(
    verb: Verb,
    head: unknown,
    options: CallOptions,
    place: { hasBody: boolean; nowMs: number; limits: WireLimits; queued: QueuedBytes; onOver?: ((failed: boolean) => void) | undefined },
  ) {
    this.#verb = verb;
    this.#headJson = JSON.stringify(head);
    this.#limits = place.limits;
    this.#options = options;
    this.#deadlineMs = place.nowMs + options.timeoutMs;
    this.#queued = place.queued;
    this.#onOver = place.onOver;
    this.#request = place.hasBody ? this.#newBody() : null;
    if (options.signal !== undefined) this.#follow(options.signal);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Names the call on its connection. */
  get id(): number {
    return this.#id;
  }

  /** `keeper` forgets the call when it is over; replaces the one before. */
  keepIn(keeper: CallKeeper): void {
    this.#keeper = keeper;
  }

  sendOn(frames: FrameSocket, id: number): void {
    this.#frames = frames;
    this.#id = id;
    if (this.#request !== null) this.#request.sendOn(frames, id);
    else frames.send(bare(frameKinds.request, id, this.#headJson, verbs[this.#verb].code));
  }

  /** Fails the call when its answer is overdue. */
  checkDeadline(nowMs: number): void {
    if (this.#isAnswered || nowMs < this.#deadlineMs) return;
    const reason = `${this.#verb}: no answer within ${this.#options.timeoutMs} ms`;
    this.abort(this.#frames === null ? new NeverSent(reason) : new Unreachable(reason));
  }

  // ---- the caller's side

  /** Made when first asked for: who pushes a body may learn of its end elsewhere and never look at the reply. */
  get reply(): Promise<Answer> {
    this.#reply ??= new Promise((resolve, reject) => {
      if (this.#answer !== null) resolve(this.#answer);
      else if (this.#error !== null) reject(this.#error);
      else {
        this.#resolve = resolve;
        this.#reject = reject;
      }
    });
    return this.#reply;
  }

  get queuedBytes(): number {
    return this.#request?.queuedBytes ?? 0;
  }

  write(bytes: Buffer): void {
    if (this.#isDone || this.#request === null) return;
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
    if (this.#isDone) return;
    this.#frames?.send(bare(frameKinds.cancel, this.#id));
    this.fail(reason);
  }

  // ---- the connection's side

  /** The answer's head, perhaps with all of its body behind it. */
  receive(head: FrameHead, json: string): void {
    if (head.kind === frameKinds.reply) this.#receiveReply(head, json);
    else if (head.kind === frameKinds.refusal) this.fail(parseRefusal(json));
    else if (head.kind === frameKinds.credit) this.#request?.addCredit(parseCredit(json));
    else if (head.kind === frameKinds.cancel) this.#request?.drop();
    else if (head.kind === frameKinds.data && head.last && head.bodyBytes === 0) this.#finish();
  }

  /** False: the sender went beyond its credit. */
  receiveBody(bytes: Buffer, last: boolean): boolean {
    const inTime = this.#arriving?.push(bytes) ?? true;
    if (last) this.#finish();
    return inTime;
  }

  /** The call is over without its whole answer. */
  fail(error: Error): void {
    if (this.#isDone) return;
    this.#over(true);
    this.#arriving?.fail(error);
    if (this.#isAnswered) return;
    this.#error = error;
    this.#reject?.(error);
  }

  // ---- the reader of the answer's body

  credit(bytes: number): void {
    this.#frames?.send(bare(frameKinds.credit, this.#id, String(bytes)));
  }

  stop(): void {
    this.abort(new Error('the answer was discarded'));
  }

  #receiveReply(head: FrameHead, json: string): void {
    if (this.#isAnswered) return;
    const parsed = parseHead(verbs[this.#verb].response as z.ZodType<Answer['head']>, json);
    if (parsed === null) {
      this.abort(new Refusal('wire-malformed', `The answer to ${this.#verb} does not have its shape.`));
      return;
    }
    this.#isAnswered = true;
    if (head.last && head.bodyBytes === 0) this.#over(false);
    else this.#arriving = new ArrivingBody(this.#limits, this);
    this.#answer = { head: parsed, body: this.#arriving ?? emptyBody };
    this.#resolve?.(this.#answer);
  }

  #finish(): void {
    if (this.#isDone) return;
    this.#over(false);
    this.#arriving?.end();
  }

  #over(failed: boolean): void {
    this.#isDone = true;
    this.#onOver?.(failed);
    if (this.#onAbort !== null) this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#request?.drop();
    this.#keeper?.forget(this);
  }

  #newBody(): OutgoingBody {
    const opening = { kind: frameKinds.request, verb: verbs[this.#verb].code, json: this.#headJson };
    return new OutgoingBody(this.#limits, { opening, queued: this.#queued, onSent: null });
  }

  #follow(signal: AbortSignal): void {
    this.#onAbort = () => this.abort(signal.reason as Error);
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort, { once: true });
  }
}
