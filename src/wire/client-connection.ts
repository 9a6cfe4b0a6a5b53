import { assert } from '../base/assert.js';
import type { Clock, Timer } from '../base/clock.js';
import { IdMap } from '../base/id-map.js';
import type { Random } from '../base/random.js';
import type { ViewNumber } from '../model/node.js';
import { Unreachable } from './api.js';
import type { Call, CallKeeper } from './call.js';
import { frameKinds, type FrameHead } from './frames.js';
import { bare, FrameSocket, type FrameReceiver } from './frame-socket.js';
import { ClientHandshake, type Peer } from './handshake.js';
import { parseRefusal } from './heads.js';
import type { WireLimits } from './limits.js';
import type { Upgraded } from './upgrade.js';

export interface ClientConnectionOptions {
  self: Peer;
  expect: { role: string; id: string | null };
  secrets: () => Buffer[];
  limits: WireLimits;
  /** Hears the view number of an answer when it differs from the one before. */
  onStamp?: (stamp: ViewNumber) => void;
  onClosed: () => void;
}

/** One connection as the side that dialled sees it: proves itself, now and then again, and carries calls. */
export class ClientConnection implements FrameReceiver, CallKeeper {
  readonly #options: ClientConnectionOptions;
  readonly #parts: { clock: Clock; random: Random };
  readonly #frames: FrameSocket;
  readonly #calls = new IdMap<Call>();
  #lastId = 0;
  #handshake: ClientHandshake | null = null;
  #handshakeTimer: Timer | null = null;
  #settleProof: { resolve: () => void; reject: (error: Error) => void } | null = null;
  /** Whose body bytes are arriving. */
  #current: { call: Call | null; last: boolean } = { call: null, last: false };
  #stamp: ViewNumber = { epoch: 0, n: 0 };

  constructor(upgraded: Upgraded, options: ClientConnectionOptions, parts: { clock: Clock; random: Random }) {
    this.#options = options;
    this.#parts = parts;
    this.#frames = new FrameSocket(upgraded.socket, options.limits, parts.clock, this);
    this.#frames.start(upgraded);
  }

  /** Resolves when both sides have proven themselves; rejects with `Unreachable` or the server's `Refusal`. */
  async prove(): Promise<void> {
    const { clock, random } = this.#parts;
    const { limits } = this.#options;
    this.#handshake = new ClientHandshake(this.#options.self, this.#options, random);
    this.#handshakeTimer = clock.setTimer(limits.handshakeMs, () => this.destroy('the handshake took too long'));
    this.#frames.send(bare(frameKinds.hello, 0, this.#handshake.hello()));
    await new Promise<void>((resolve, reject) => {
      this.#settleProof = { resolve, reject };
      if (this.#frames.isClosed) reject(new Unreachable('connection closed'));
    });
    this.#handshakeTimer = clock.setTimer(limits.reproofMs, () => {
      // A failure has closed the connection already, and whoever waits has heard it
      this.prove().catch(() => undefined);
    });
  }

  get isOpen(): boolean {
    return !this.#frames.isClosed;
  }

  get callsUnderWay(): number {
    return this.#calls.size;
  }

  start(call: Call): void {
    do this.#lastId = (this.#lastId + 1) >>> 0 || 1;
    while (this.#calls.has(this.#lastId));
    const id = this.#lastId;
    this.#calls.set(id, call);
    call.keepIn(this);
    call.sendOn(this.#frames, id);
  }

  forget(call: Call): void {
    this.#calls.delete(call.id);
  }

  checkDeadlines(nowMs: number): void {
    for (const call of this.#calls.values()) call.checkDeadline(nowMs);
  }

  destroy(reason: string): void {
    this.#frames.destroy(reason);
  }

  frame(head: FrameHead, json: string): void {
    if (head.id === 0) {
      this.#handshakeFrame(head, json);
      return;
    }
    if (head.stampN !== this.#stamp.n || head.stampEpoch !== this.#stamp.epoch) this.#stamped(head);
    const call = this.#calls.get(head.id) ?? null;
    this.#current = { call, last: head.last };
    // A call that is over here may still have frames on their way
    call?.receive(head, json);
  }

  body(bytes: Buffer, done: boolean): void {
    const { call, last } = this.#current;
    if (call !== null && !call.isDone && !call.receiveBody(bytes, last && done)) this.destroy('the peer sends more than its credit');
  }

  closed(reason: Unreachable): void {
    this.#handshakeTimer?.cancel();
    this.#settleProof?.reject(reason);
    for (const call of this.#calls.values()) call.fail(reason);
    assert(this.#calls.size === 0, 'a broken connection carries no call');
    this.#options.onClosed();
  }

  #handshakeFrame(head: FrameHead, json: string): void {
    if (this.#handshake === null) return;
    if (head.kind === frameKinds.refusal) this.#refuse(parseRefusal(json));
    else if (head.kind === frameKinds.challenge) {
      try {
        this.#frames.send(bare(frameKinds.proof, 0, this.#handshake.answer(json)));
      } catch (error) {
        this.#refuse(error as Error);
      }
    } else if (head.kind === frameKinds.ready) {
      this.#handshake = null;
      this.#handshakeTimer?.cancel();
      this.#frames.trust(this, { pausesWhenFull: false });
      this.#settleProof?.resolve();
    }
  }

  #refuse(reason: Error): void {
    this.#settleProof?.reject(reason);
    this.#frames.destroy(reason.message, reason);
  }

  #stamped(head: FrameHead): void {
    // Only answers of a master carry one
    if (head.stampEpoch === 0) return;
    this.#stamp = { epoch: head.stampEpoch, n: head.stampN };
    this.#options.onStamp?.(this.#stamp);
  }
}
