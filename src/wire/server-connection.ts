import type { z } from 'zod';
import type { Clock, Timer } from '../base/clock.js';
import { IdMap } from '../base/id-map.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { ViewNumber } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import { Unreachable, type ServerReply, type ServerRequest } from './api.js';
import { frameKinds, type FrameHead } from './frames.js';
import { bare, FrameSocket, type FrameReceiver } from './frame-socket.js';
import { ServerHandshake, type Identity, type Peer } from './handshake.js';
import { parseCredit, parseHead, refusalJson } from './heads.js';
import type { WireLimits } from './limits.js';
import { ServerCall } from './server-call.js';
import type { Upgraded } from './upgrade.js';
import { verbs, type Verb } from './verbs.js';

/** What a verb code leads to. */
export interface Route {
  verb: Verb;
  request: z.ZodType;
  handle: (request: ServerRequest<Verb>) => Promise<ServerReply<Verb>>;
}

export interface ServerConnectionOptions {
  self: Identity;
  secrets: () => Buffer[];
  routes: ReadonlyMap<number, Route>;
  limits: WireLimits;
  stamp: () => ViewNumber;
  /** Takes a proven connection in, or throws the `Refusal` that the peer gets. Called before the peer hears `ready`. */
  admit: (connection: ServerConnection, peer: Peer) => void;
  onClosed: (connection: ServerConnection, peer: Peer | null) => void;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
}

/** One connection as the answering side sees it: lets the peer prove itself, then runs its calls. */
export class ServerConnection implements FrameReceiver {
  readonly #options: ServerConnectionOptions;
  readonly #parts: Parts;
  readonly #frames: FrameSocket;
  readonly #upgraded: Upgraded;
  readonly #calls = new IdMap<ServerCall>();
  #handshake: ServerHandshake | null = null;
  #peer: Peer | null = null;
  /** Until when the peer must have proven itself, first or again. */
  #proofTimer: Timer;
  /** Whose body bytes are arriving; `route` when its handler is called after the last of them. */
  #current: { call: ServerCall | null; last: boolean; route: Route | null } = { call: null, last: false, route: null };
  #whenIdle: (() => void) | null = null;

  constructor(upgraded: Upgraded, options: ServerConnectionOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#proofTimer = parts.clock.setTimer(options.limits.handshakeMs, () => this.destroy('the peer did not prove itself in time'));
    this.#frames = new FrameSocket(upgraded.socket, options.limits, parts.clock, this);
    this.#upgraded = upgraded;
  }

  /** Begins to read. */
  start(): void {
    this.#frames.start(this.#upgraded);
  }

  destroy(reason: string): void {
    this.#frames.destroy(reason);
  }

  /** Resolves when every call under way has been answered. */
  async idle(): Promise<void> {
    if (this.#calls.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.#frames.flushed();
  }

  frame(head: FrameHead, json: string): void {
    this.#current = { call: null, last: head.last, route: null };
    if (head.id === 0) this.#handshakeFrame(head, json);
    else if (this.#peer === null) this.destroy('the peer calls before it has proven itself');
    else if (head.kind === frameKinds.request) this.#request(head, json, this.#peer);
    else this.#more(head, json);
  }

  body(bytes: Buffer, done: boolean): void {
    const { call, last, route } = this.#current;
    if (call === null) return;
    if (!call.receiveBody(bytes, last && done)) this.destroy('the peer sends more than its credit');
    else if (done && route !== null) void this.#run(route, call);
  }

  closed(reason: Unreachable): void {
    this.#proofTimer.cancel();
    for (const call of this.#calls.values()) call.abandon(reason);
    this.#calls.clear();
    this.#whenIdle?.();
    this.#options.onClosed(this, this.#peer);
  }

  // ---- handshake

  #handshakeFrame(head: FrameHead, json: string): void {
    const { self, secrets, limits } = this.#options;
    try {
      if (head.kind === frameKinds.hello) {
        this.#handshake = new ServerHandshake(json, self, secrets, this.#parts.random);
        this.#frames.send(bare(frameKinds.challenge, 0, this.#handshake.challenge()));
      } else if (head.kind === frameKinds.proof && this.#handshake !== null) {
        this.#proven(this.#handshake.verify(json));
        this.#handshake = null;
      } else throw new Refusal('wire-malformed', 'This is not the handshake.');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#parts.log.warn({ code: error.code, peer: this.#peer }, `wire handshake refused: ${error.message}`);
      this.#frames.send(bare(frameKinds.refusal, 0, refusalJson(error, limits.detailCharsMax)));
      void this.#frames.flushed().then(() => this.destroy(`refused: ${error.code}`));
    }
  }

  #proven(peer: Peer): void {
    const before = this.#peer;
    if (before === null) {
      this.#options.admit(this, peer);
      this.#peer = peer;
      this.#frames.trust(this, { pausesWhenFull: true });
    } else if (before.role !== peer.role || before.id !== peer.id || before.boot !== peer.boot) {
      throw new Refusal('peer-unproven', 'Another peer proves itself on this connection.');
    }
    this.#proofTimer.cancel();
    this.#proofTimer = this.#parts.clock.setTimer(this.#options.limits.reproofLateMs, () =>
      this.destroy('the peer did not prove itself again in time'),
    );
    this.#frames.send(bare(frameKinds.ready, 0));
  }

  // ---- calls

  #request(head: FrameHead, json: string, peer: Peer): void {
    const { routes, limits } = this.#options;
    const route = routes.get(head.verb);
    if (route === undefined) {
      this.#refuse(head.id, new Refusal('wire-malformed', `Verb ${head.verb} is unknown here.`));
      return;
    }
    const headEnd = json.indexOf('\n');
    const request = parseHead(route.request, headEnd === -1 ? json : json.slice(0, headEnd));
    if (request === null || this.#calls.size >= limits.callsMax) {
      this.#refuse(head.id, new Refusal(request === null ? 'wire-malformed' : 'slow-down'));
      return;
    }
    if (this.#calls.has(head.id)) {
      // The call that has it would be in no table any more: nobody could count or end it
      this.destroy('the peer uses the id of a call under way');
      return;
    }
    const call = new ServerCall(
      {
        verb: route.verb,
        head: request as ServerRequest<Verb>['head'],
        id: head.id,
        hasBody: !head.last || head.bodyBytes > 0 || verbs[route.verb].trailer !== null,
      },
      { frames: this.#frames, limits, peer },
    );
    this.#calls.set(head.id, call);
    if (head.last) this.#receiveLast(call, head, headEnd === -1 ? '' : json.slice(headEnd + 1));
    this.#current.call = call;
    // A body that came along with its request is here in a moment: the handler finds it whole
    if (head.last && head.bodyBytes > 0) this.#current.route = route;
    else void this.#run(route, call);
  }

  /** The one place where what a handler does becomes an answer. */
  async #run(route: Route, call: ServerCall): Promise<void> {
    try {
      const reply = await route.handle(call);
      const sending = call.answer(reply, this.#options.stamp());
      if (sending !== null) await sending;
    } catch (error) {
      if (!call.isGone) call.refuse(this.#refusalFor(error, call), this.#options.stamp());
    }
    if (this.#calls.get(call.id) === call) this.#forget(call.id);
  }

  #refusalFor(error: unknown, call: ServerCall): string {
    const { detailCharsMax } = this.#options.limits;
    if (error instanceof Refusal) return refusalJson(error, detailCharsMax);
    this.#parts.log.error({ err: error, verb: call.verb, call: call.id, peer: call.peer }, 'a wire handler failed');
    return refusalJson(new Refusal('internal'), detailCharsMax);
  }

  #refuse(id: number, refusal: Refusal): void {
    this.#frames.send(bare(frameKinds.refusal, id, refusalJson(refusal, this.#options.limits.detailCharsMax)));
  }

  /** What follows a request. A call that has been answered may still have frames on their way. */
  #more(head: FrameHead, json: string): void {
    const call = this.#calls.get(head.id);
    if (call === undefined) return;
    if (head.kind === frameKinds.data) {
      if (head.last) this.#receiveLast(call, head, json);
      this.#current.call = call;
    } else if (head.kind === frameKinds.credit) call.addCredit(parseCredit(json));
    else if (head.kind === frameKinds.cancel) {
      this.#forget(head.id);
      call.abandon(new Unreachable('the caller gave up'));
    }
  }

  /** The frame that ends a body; its bytes, if any, are still to come. */
  #receiveLast(call: ServerCall, head: FrameHead, trailerJson: string): void {
    const schema: z.ZodType | null = verbs[call.verb].trailer;
    if (schema !== null) {
      const trailer = parseHead(schema, trailerJson);
      if (trailer === null) call.failBody(new Refusal('wire-malformed', 'The trailer does not have its shape.'));
      else call.setTrailer(trailer);
    }
    if (head.bodyBytes === 0) call.endBody();
  }

  #forget(id: number): void {
    this.#calls.delete(id);
    if (this.#calls.size === 0) this.#whenIdle?.();
  }
}
