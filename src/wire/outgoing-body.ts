import { encodeFrame, frameKinds, type Frame } from './frames.js';
import type { FrameSocket, FrameSource } from './frame-socket.js';
import type { WireLimits } from './limits.js';

interface Waiter {
  /** Resolved when no more than this is queued; -1 waits for the end. */
  bytes: number;
  resolve: () => void;
}

/** Body bytes that wait on one connection, all calls together. */
export interface QueuedBytes {
  total: number;
}

/** The frame that the body follows; it takes the first of it along. */
export type OpeningFrame = Pick<Frame, 'kind' | 'verb' | 'json'>;

/**
 * The sending side of one body: a queue of buffers that leaves as the peer gives credit. May be filled before there is
 * a socket to send on.
 */
export class OutgoingBody implements FrameSource {
  readonly #limits: WireLimits;
  readonly #queued: QueuedBytes | null;
  /** Null: has left, or the body begins with a data frame. */
  #opening: OpeningFrame | null;
  #socket: FrameSocket | null = null;
  #id = 0;
  readonly #onSent: ((bytes: Buffer) => void) | null;
  #pieces: Buffer[] = [];
  /** Taken whole, and not yet with the kernel. */
  #leaving: Buffer[] = [];
  #queuedBytes = 0;
  #creditBytes: number;
  /** JSON that closes the body; null while it is open. */
  #trailer: string | null = null;
  #finished = false;
  #isQueued = false;
  #waiters: Waiter[] | null = null;

  constructor(
    limits: WireLimits,
    start: { opening: OpeningFrame | null; queued: QueuedBytes | null; onSent: ((bytes: Buffer) => void) | null },
  ) {
    this.#limits = limits;
    this.#creditBytes = limits.windowBytes;
    this.#opening = start.opening;
    this.#queued = start.queued;
    this.#onSent = start.onSent;
  }

  /** Every byte and the end have left, or the body was dropped. */
  get finished(): boolean {
    return this.#finished;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  sendOn(socket: FrameSocket, id: number): void {
    this.#socket = socket;
    this.#id = id;
    this.#offer();
  }

  write(bytes: Buffer): void {
    if (this.#finished || bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#queued !== null) this.#queued.total += bytes.length;
    this.#offer();
  }

  end(trailerJson: string): void {
    this.#trailer ??= trailerJson;
    this.#offer();
  }

  addCredit(bytes: number): void {
    this.#creditBytes += bytes;
    this.#offer();
  }

  /** Forgets what has not left; nobody waits any more. */
  drop(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#pieces = [];
    this.#took(this.#queuedBytes);
  }

  async whenQueuedAtMost(bytes: number): Promise<void> {
    if (this.#finished || this.#queuedBytes <= bytes) return;
    await new Promise<void>((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push({ bytes, resolve });
    });
  }

  /** Resolves when the end has left too, or the body was dropped. */
  whenFinished(): Promise<void> {
    return this.whenQueuedAtMost(-1);
  }

  takeFrame(batch: Buffer[]): number {
    this.#isQueued = false;
    if (this.#finished) return 0;
    const bytes = Math.min(this.#queuedBytes, this.#creditBytes, this.#limits.frameBodyBytes);
    const last = this.#trailer !== null && bytes === this.#queuedBytes;
    const opening = this.#opening;
    if (bytes === 0 && !last && opening === null) return 0;
    const head = encodeFrame({
      kind: opening?.kind ?? frameKinds.data,
      verb: opening?.verb ?? 0,
      id: this.#id,
      last,
      json: jsonOf(opening, last ? this.#trailer : null),
      bodyBytes: bytes,
      stampEpoch: 0,
      stampN: 0,
    });
    this.#opening = null;
    batch.push(head);
    this.#takePieces(batch, bytes);
    this.#creditBytes -= bytes;
    this.#finished = last;
    this.#isQueued = true;
    this.#took(bytes);
    return head.length + bytes;
  }

  sent(): void {
    const left = this.#leaving;
    if (left.length === 0) return;
    this.#leaving = [];
    for (const bytes of left) this.#onSent?.(bytes);
  }

  #takePieces(batch: Buffer[], bytes: number): void {
    let left = bytes;
    let whole = 0;
    while (left > 0) {
      const piece = this.#pieces[whole]!;
      if (piece.length > left) {
        batch.push(piece.subarray(0, left));
        this.#pieces[whole] = piece.subarray(left);
        break;
      }
      batch.push(piece);
      if (this.#onSent !== null) this.#leaving.push(piece);
      left -= piece.length;
      whole += 1;
    }
    this.#pieces.splice(0, whole);
  }

  #took(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (this.#queued !== null) this.#queued.total -= bytes;
    const waiters = this.#waiters;
    if (waiters === null) return;
    this.#waiters = waiters.filter((waiter) => !this.#finished && waiter.bytes < this.#queuedBytes);
    for (const waiter of waiters) if (!this.#waiters.includes(waiter)) waiter.resolve();
  }

  /** Asks for a turn unless one is coming, or there is nothing to send in it. */
  #offer(): void {
    if (this.#socket === null || this.#finished || this.#isQueued) return;
    if (this.#opening === null && this.#trailer === null && (this.#queuedBytes === 0 || this.#creditBytes === 0)) return;
    this.#isQueued = true;
    this.#socket.queue(this);
  }
}

/** Heads and trailers are JSON on one line each. */
function jsonOf(opening: OpeningFrame | null, trailer: string | null): string {
  if (opening === null) return trailer ?? '';
  return trailer === null || trailer === '' ? opening.json : `${opening.json}\n${trailer}`;
}
