import { assert } from '../base/assert.js';
import type { IncomingBody } from './api.js';
import type { WireLimits } from './limits.js';

/** Nothing more to read, and nobody to stop. */
export const emptyBody: IncomingBody = {
  read: () => Promise.resolve(null),
  takeWhole: () => [],
  discard: () => undefined,
};

/** How a body's reader reaches its sender. */
export interface BodySender {
  /** So many bytes were consumed. */
  credit(bytes: number): void;
  /** The rest is not wanted. */
  stop(): void;
}

/** The receiving side of one body. Gives credit back as it is read, in portions of half a window. */
export class ArrivingBody implements IncomingBody {
  readonly #windowBytes: number;
  readonly #sender: BodySender;
  #pieces: Buffer[] = [];
  #next = 0;
  /** Arrived and not yet paid back in credit. */
  #owedBytes = 0;
  #consumedBytes = 0;
  #state: 'open' | 'ended' | 'discarded' = 'open';
  #error: Error | null = null;
  #reader: { resolve: (bytes: Buffer | null) => void; reject: (error: Error) => void } | null = null;

  constructor(limits: WireLimits, sender: BodySender) {
    this.#windowBytes = limits.windowBytes;
    this.#sender = sender;
  }

  get isOpen(): boolean {
    return this.#state === 'open' && this.#error === null;
  }

  /** The last byte has arrived, though perhaps not been read. */
  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  read(): Promise<Buffer | null> {
    assert(this.#reader === null, 'a body is read by one reader, one piece at a time');
    if (this.#next < this.#pieces.length) return Promise.resolve(this.#takePiece());
    if (this.#error !== null) return Promise.reject(this.#error);
    if (this.#state === 'ended') return Promise.resolve(null);
    if (this.#state === 'discarded') return Promise.reject(new Error('the body was discarded'));
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  takeWhole(): Buffer[] | null {
    if (this.#state !== 'ended') return null;
    const pieces = this.#next === 0 ? this.#pieces : this.#pieces.slice(this.#next);
    this.#pieces = [];
    this.#next = 0;
    return pieces;
  }

  discard(): void {
    const wasOpen = this.isOpen;
    this.#state = this.#state === 'ended' ? 'ended' : 'discarded';
    this.#pieces = [];
    this.#next = 0;
    if (wasOpen) {
      this.#sender.stop();
      this.#rejectReader(new Error('the body was discarded'));
    }
  }

  /** False: the sender has gone beyond its credit. */
  push(bytes: Buffer): boolean {
    if (!this.isOpen) return true;
    this.#owedBytes += bytes.length;
    if (this.#owedBytes > this.#windowBytes) return false;
    const reader = this.#reader;
    if (reader === null) this.#pieces.push(bytes);
    else {
      this.#reader = null;
      this.#consumed(bytes.length);
      reader.resolve(bytes);
    }
    return true;
  }

  end(): void {
    if (!this.isOpen) return;
    this.#state = 'ended';
    const reader = this.#reader;
    this.#reader = null;
    reader?.resolve(null);
  }

  /** The rest will not come. What has arrived is of no use either: a reader must learn of it at once. */
  fail(error: Error): void {
    if (!this.isOpen) return;
    this.#error = error;
    this.#pieces = [];
    this.#next = 0;
    this.#rejectReader(error);
  }

  #rejectReader(error: Error): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.reject(error);
  }

  #takePiece(): Buffer {
    const piece = this.#pieces[this.#next]!;
    this.#next += 1;
    if (this.#next === this.#pieces.length) {
      this.#pieces = [];
      this.#next = 0;
    }
    this.#consumed(piece.length);
    return piece;
  }

  #consumed(bytes: number): void {
    this.#consumedBytes += bytes;
    if (this.#consumedBytes < this.#windowBytes / 2 || this.#state !== 'open') return;
    this.#owedBytes -= this.#consumedBytes;
    this.#sender.credit(this.#consumedBytes);
    this.#consumedBytes = 0;
  }
}
