import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.js';
import { Unreachable } from './api.js';
import { encodeFrame, FrameBroken, FrameDecoder, frameKinds, type Frame, type FrameHead, type FrameSink } from './frames.js';
import type { WireLimits } from './limits.js';
import type { Upgraded } from './upgrade.js';
import { WriteSlab } from './write-slab.js';

/** What is left of a body to send; asked for one frame at a time, in turn with the others. */
export interface FrameSource {
  /** Appends at most one frame to `batch` and answers its bytes; 0 when there is nothing to send now. */
  takeFrame(batch: Buffer[]): number;
  /** The kernel has all that was taken so far. Called at least once for it. */
  sent(): void;
}

export interface FrameReceiver extends FrameSink {
  /** Called once, when no more frames will come. */
  closed(reason: Unreachable): void;
}

/** A plain frame without body: what most frames are. */
export function bare(kind: Frame['kind'], id: number, json = '', verb = 0): Frame {
  return { kind, verb, id, last: true, json, bodyBytes: 0, stampEpoch: 0, stampN: 0 };
}

/**
 * Frames over one upgraded socket. All that is queued in one turn of the event loop leaves in one write; at most one
 * batch is on its way, and bodies take turns, frame by frame. Finds out by itself when the peer is gone.
 */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #limits: WireLimits;
  readonly #clock: Clock;
  readonly #decoder: FrameDecoder;
  #receiver: FrameReceiver;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #sources: FrameSource[] = [];
  readonly #slab = new WriteSlab();
  #scheduled = false;
  #writing = false;
  #paused = false;
  #pausesWhenFull = false;
  #closed: Unreachable | null = null;
  #heard = true;
  #silentLooks = 0;
  #watch: Timer;
  #whenIdle: (() => void)[] = [];

  constructor(socket: Socket, limits: WireLimits, clock: Clock, receiver: FrameReceiver) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
    this.#receiver = receiver;
    this.#decoder = new FrameDecoder({ headBytesMax: limits.unprovenHeadBytes, bodyBytesMax: 0 }, this.#sink());
    this.#watch = clock.setTimer(limits.lookEveryMs, () => this.#look());
  }

  /** Begins to read. */
  start({ head, hear }: Pick<Upgraded, 'head' | 'hear'>): void {
    const socket = this.#socket;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    hear((chunk) => this.#read(chunk));
    socket.on('error', (error) => this.destroy(`connection broke: ${error.message}`));
    socket.on('end', () => this.destroy('the peer closed the connection'));
    socket.on('close', () => this.destroy('connection closed'));
    if (head.length > 0) this.#read(head);
    socket.resume();
  }

  /** The peer has proven itself: from now on the limits of a trusted peer hold, and frames go to `receiver`. */
  trust(receiver: FrameReceiver, options: { pausesWhenFull: boolean }): void {
    this.#receiver = receiver;
    this.#pausesWhenFull = options.pausesWhenFull;
    this.#decoder.headBytesMax = this.#limits.headBytes;
    this.#decoder.bodyBytesMax = this.#limits.frameBodyBytes;
  }

  get isClosed(): boolean {
    return this.#closed !== null;
  }

  /** Queues a frame; its body travels with it, uncopied. */
  send(frame: Frame, body: Buffer[] | null = null): void {
    if (this.#closed !== null) return;
    const head = encodeFrame(frame);
    this.#waiting.push(head);
    this.#waitingBytes += head.length + frame.bodyBytes;
    if (body !== null) for (const bytes of body) this.#waiting.push(bytes);
    if (this.#waitingBytes > this.#limits.waitingBytes) this.#full();
    this.#schedule();
  }

  /** Queues a body for its turns. A source that answered 0 is forgotten until it is queued again. */
  queue(source: FrameSource): void {
    this.#sources.push(source);
    this.#schedule();
  }

  /** Resolves when everything queued has left for the kernel, or the socket is closed. */
  async flushed(): Promise<void> {
    if (this.#closed !== null || (!this.#writing && this.#waiting.length === 0 && this.#sources.length === 0)) return;
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  destroy(reason: string, cause?: unknown): void {
    if (this.#closed !== null) return;
    this.#closed = new Unreachable(reason, cause === undefined ? undefined : { cause });
    this.#watch.cancel();
    this.#decoder.stop();
    this.#waiting = [];
    this.#sources = [];
    this.#socket.destroy();
    this.#idle();
    this.#receiver.closed(this.#closed);
  }

  #read(chunk: Buffer): void {
    if (this.#closed !== null) return;
    this.#heard = true;
    try {
      this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof FrameBroken)) throw error;
      this.destroy(`protocol broken: ${error.message}`, error);
    }
  }

  #sink(): FrameSink {
    return {
      frame: (head: FrameHead, json: string) => {
        if (head.kind === frameKinds.ping) this.send(bare(frameKinds.pong, 0));
        else if (head.kind !== frameKinds.pong) this.#receiver.frame(head, json);
      },
      body: (bytes, done) => this.#receiver.body(bytes, done),
    };
  }

  /** A peer that asks and does not read the answers is not read from either; a client's peer is cut off. */
  #full(): void {
    if (!this.#pausesWhenFull) this.destroy('the peer does not read');
    else if (!this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#writing) return;
    this.#scheduled = true;
    // After all callbacks of this turn, and the promises they resolved: what they queue leaves together
    setImmediate(() => {
      this.#scheduled = false;
      this.#write();
    });
  }

  #write(): void {
    if (this.#closed !== null) return;
    const batch = this.#waiting;
    let bytes = this.#waitingBytes;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const taken: FrameSource[] = [];
    while (bytes < this.#limits.batchBytes) {
      const source = this.#sources.shift();
      if (source === undefined) break;
      const frameBytes = source.takeFrame(batch);
      if (frameBytes === 0) continue;
      this.#sources.push(source);
      taken.push(source);
      bytes += frameBytes;
    }
    if (batch.length === 0) {
      this.#idle();
      return;
    }
    this.#writing = true;
    const socket = this.#socket;
    const buffers = this.#slab.join(batch);
    const lastIndex = buffers.length - 1;
    socket.cork();
    for (let index = 0; index < lastIndex; index += 1) socket.write(buffers[index]!);
    socket.write(buffers[lastIndex]!, (error) => this.#written(error, taken));
    socket.uncork();
  }

  #written(error: Error | null | undefined, taken: readonly FrameSource[]): void {
    this.#writing = false;
    // After an error, bytes may lie in memory that the socket still reads from
    if (!error) for (const source of taken) source.sent();
    if (this.#paused) this.#heard = true;
    if (this.#paused && this.#waitingBytes < this.#limits.waitingBytes / 2) {
      this.#paused = false;
      this.#socket.resume();
    }
    if (this.#waiting.length > 0 || this.#sources.length > 0) this.#schedule();
    else this.#idle();
  }

  #idle(): void {
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Counts its own turns, not time: a process that stood still itself must not conclude that its peers are gone. */
  #look(): void {
    this.#silentLooks = this.#heard ? 0 : this.#silentLooks + 1;
    this.#heard = false;
    if (this.#silentLooks > this.#limits.silentLooksMax) {
      this.destroy('the peer is silent');
      return;
    }
    if (this.#silentLooks > 0) this.send(bare(frameKinds.ping, 0));
    this.#watch = this.#clock.setTimer(this.#limits.lookEveryMs, () => this.#look());
  }
}
