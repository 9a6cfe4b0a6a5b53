import { assert } from '../base/assert.js';
import type { ViewNumber } from '../model/node.js';
import type { IncomingBody, ServerReply, ServerRequest } from './api.js';
import { ArrivingBody, emptyBody, type BodySender } from './arriving-body.js';
import { frameKinds, type Frame } from './frames.js';
import { bare, type FrameSocket } from './frame-socket.js';
import type { Identity } from './handshake.js';
import type { WireLimits } from './limits.js';
import { OutgoingBody } from './outgoing-body.js';
import type { Verb } from './verbs.js';

const nothing: Buffer[] = [];

/** One call as the answering side sees it; what a handler gets as its request. */
export class ServerCall implements ServerRequest<Verb>, BodySender {
  readonly verb: Verb;
  readonly head: ServerRequest<Verb>['head'];
  readonly body: IncomingBody;
  readonly peer: Identity;
  readonly id: number;
  readonly #frames: FrameSocket;
  readonly #limits: WireLimits;
  /** Null: the request came without a body. */
  readonly #arriving: ArrivingBody | null;
  #trailer: unknown = null;
  #abort: AbortController | null = null;
  #gone: Error | null = null;
  #answer: OutgoingBody | null = null;

  constructor(
    request: { verb: Verb; head: ServerRequest<Verb>['head']; id: number; hasBody: boolean },
    place: { frames: FrameSocket; limits: WireLimits; peer: Identity },
  ) {
    this.verb = request.verb;
    this.head = request.head;
    this.id = request.id;
    this.peer = place.peer;
    this.#frames = place.frames;
    this.#limits = place.limits;
    this.#arriving = request.hasBody ? new ArrivingBody(place.limits, this) : null;
    this.body = this.#arriving ?? emptyBody;
  }

  /** Bound, so that handlers may take the request apart. */
  get trailer(): ServerRequest<Verb>['trailer'] {
    return () => {
      assert(this.#arriving === null || this.#arriving.hasEnded, 'the trailer is known after the last byte');
      return this.#trailer as ReturnType<ServerRequest<Verb>['trailer']>;
    };
  }

  /** Made when first asked for: most handlers never wait. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#gone !== null) this.#abort.abort(this.#gone);
    }
    return this.#abort.signal;
  }

  get isGone(): boolean {
    return this.#gone !== null;
  }

  /** The caller gave up or cannot be reached: nobody waits for an answer. */
  abandon(reason: Error): void {
    if (this.#gone !== null) return;
    this.#gone = reason;
    this.#arriving?.fail(reason);
    this.#answer?.drop();
    this.#abort?.abort(reason);
  }

  addCredit(bytes: number): void {
    this.#answer?.addCredit(bytes);
  }

  setTrailer(trailer: unknown): void {
    this.#trailer = trailer;
  }

  failBody(reason: Error): void {
    this.#arriving?.fail(reason);
  }

  /** False: the caller went beyond its credit. */
  receiveBody(bytes: Buffer, last: boolean): boolean {
    const inTime = this.#arriving?.push(bytes) ?? true;
    if (last) this.endBody();
    return inTime;
  }

  endBody(): void {
    this.#arriving?.end();
  }

  // ---- the reader of the request's body

  credit(bytes: number): void {
    this.#frames.send(bare(frameKinds.credit, this.id, String(bytes)));
  }

  stop(): void {
    this.#frames.send(bare(frameKinds.cancel, this.id));
  }

  // ---- the answer

  /** Sends the answer. A promise, for a body that does not leave at once, resolves when all of it has left. */
  answer(reply: ServerReply<Verb>, stamp: ViewNumber): Promise<void> | null {
    const body = reply.body ?? nothing;
    const whole = Array.isArray(body) ? body : null;
    let bodyBytes = whole === null ? Infinity : 0;
    if (whole !== null) for (const bytes of whole) bodyBytes += bytes.length;
    const inOne = bodyBytes <= this.#limits.frameBodyBytes;
    if (this.#gone === null) {
      const frame: Frame = {
        kind: frameKinds.reply,
        verb: 0,
        id: this.id,
        last: inOne,
        json: JSON.stringify(reply.head),
        bodyBytes: inOne ? bodyBytes : 0,
        stampEpoch: stamp.epoch,
        stampN: stamp.n,
      };
      this.#frames.send(frame, inOne ? whole : null);
    }
    return inOne ? null : this.#sendBody(body, reply.onSent ?? null);
  }

  refuse(json: string, stamp: ViewNumber): void {
    this.#answer?.drop();
    this.#frames.send({ ...bare(frameKinds.refusal, this.id, json), stampEpoch: stamp.epoch, stampN: stamp.n });
  }

  async #sendBody(body: AsyncIterable<Buffer> | Buffer[], onSent: ((bytes: Buffer) => void) | null): Promise<void> {
    const answer = new OutgoingBody(this.#limits, { opening: null, queued: null, onSent });
    this.#answer = answer;
    answer.sendOn(this.#frames, this.id);
    for await (const bytes of body) {
      // Looked at only here: a body must be begun so that it can give back what it holds
      if (this.#gone !== null) return;
      answer.write(bytes);
      await answer.whenQueuedAtMost(this.#limits.replyAheadBytes);
    }
    answer.end('');
    await answer.whenFinished();
  }
}
