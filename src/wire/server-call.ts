import { assert } from '../base/assert.js';
import type { IncomingBody, ServerReply, ServerRequest } from './api.js';
import { ArrivingBody, emptyBody } from './arriving-body.js';
import { frameKinds } from './frames.js';
import { bare, type FrameSocket } from './frame-socket.js';
import type { Identity } from './handshake.js';
import type { WireLimits } from './limits.js';
import { OutgoingBody } from './outgoing-body.js';
import type { Verb } from './verbs.js';

interface Stamp {
  epoch: number;
  n: number;
}

/** One call as the answering side sees it; what a handler gets as its request. */
export class ServerCall implements ServerRequest<Verb> {
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
    this.#arriving = request.hasBody ? this.#newBody() : null;
    this.body = this.#arriving ?? emptyBody;
  }

  /** A property, so that handlers may take the request apart. */
  readonly trailer = (): ReturnType<ServerRequest<Verb>['trailer']> => {
    assert(this.#arriving === null || this.#arriving.hasEnded, 'the trailer is known after the last byte');
    return this.#trailer as ReturnType<ServerRequest<Verb>['trailer']>;
  };

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

  /** Sends the answer; resolves when all of its body has left. */
  async answer(reply: ServerReply<Verb>, stamp: Stamp): Promise<void> {
    const body = reply.body ?? [];
    const whole = Array.isArray(body) ? body : null;
    const wholeBytes = whole?.reduce((sum, bytes) => sum + bytes.length, 0) ?? Infinity;
    const inOne = wholeBytes <= this.#limits.frameBodyBytes;
    if (this.#gone === null)
      this.#frames.send(
        {
          kind: frameKinds.reply,
          verb: 0,
          id: this.id,
          last: inOne,
          json: JSON.stringify(reply.head),
          bodyBytes: inOne ? wholeBytes : 0,
          stampEpoch: stamp.epoch,
          stampN: stamp.n,
        },
        inOne ? whole! : undefined,
      );
    if (!inOne) await this.#sendBody(body);
  }

  refuse(json: string, stamp: Stamp): void {
    this.#answer?.drop();
    this.#frames.send({ ...bare(frameKinds.refusal, this.id, json), stampEpoch: stamp.epoch, stampN: stamp.n });
  }

  async #sendBody(body: AsyncIterable<Buffer> | Buffer[]): Promise<void> {
    const answer = new OutgoingBody(this.#limits, () => undefined);
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

  #newBody(): ArrivingBody {
    return new ArrivingBody(this.#limits, {
      credit: (bytes) => this.#frames.send(bare(frameKinds.credit, this.id, String(bytes))),
      stop: () => this.#frames.send(bare(frameKinds.cancel, this.id)),
    });
  }
}
