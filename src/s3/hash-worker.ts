import type { Worker } from 'node:worker_threads';
import { must } from '../base/must.js';
import { startThread } from '../base/thread.js';
import type { FromHashThread, ToHashThread } from './hash-thread.js';
import type { Digests, HashName } from './hash-stream.js';

/** One message per so many bytes: messages cost about 40 µs, hashing 512 KiB about 1 ms. */
export const slotSizeBytes = 512 * 1024;
/** Slots of one thread: one is hashed, one is full, two are being filled. More would only be a longer queue. */
const slotsMax = 4;

interface Waiting<T> {
  resolve(value: T): void;
  reject(reason: Error): void;
}

/**
 * A thread that hashes bodies, so that the event loop does not. Bytes travel through a few shared slots: copying into them
 * is cheaper than cloning or transferring buffers (measured), and when all are full, senders wait.
 */
export class HashWorker {
  readonly #thread: Worker;
  readonly #slots: readonly Buffer[];
  readonly #freeSlots: number[];
  readonly #waitingForSlot: Waiting<number>[] = [];
  readonly #finishing = new Map<number, Waiting<Digests>>();
  readonly #bodies = new Set<number>();
  #lastBody = 0;
  #failure: Error | null = null;

  /** `onExit`: the thread is gone, whatever the reason; every body in it has been failed. */
  constructor(onExit: (worker: HashWorker) => void) {
    const shared = Array.from({ length: slotsMax }, () => new SharedArrayBuffer(slotSizeBytes));
    this.#slots = shared.map((slot) => Buffer.from(slot));
    this.#freeSlots = [...this.#slots.keys()];
    this.#thread = startThread('./hash-thread', import.meta.url, shared);
    this.#thread.unref();
    this.#thread.on('message', (message: FromHashThread) => this.#receive(message));
    this.#thread.on('error', (cause) => this.#fail(new Error('the hashing thread failed', { cause })));
    this.#thread.on('exit', () => {
      this.#fail(new Error('the hashing thread ended'));
      onExit(this);
    });
  }

  get bodyCount(): number {
    return this.#bodies.size;
  }

  /** Answers the number that stands for the body in the other calls. */
  begin(names: readonly HashName[]): number {
    this.#lastBody += 1;
    this.#bodies.add(this.#lastBody);
    this.#post({ kind: 'begin', body: this.#lastBody, names });
    return this.#lastBody;
  }

  /** Copies the pieces, one slot at a time; resolves when the last one is in a slot. The caller waits for it. */
  async update(body: number, pieces: readonly Buffer[]): Promise<void> {
    let slot: number | null = null;
    let filledBytes = 0;
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        slot ??= await this.#takeSlot();
        const copiedBytes = piece.copy(must(this.#slots[slot], 'slot'), filledBytes, at);
        at += copiedBytes;
        filledBytes += copiedBytes;
        if (filledBytes < slotSizeBytes) continue;
        this.#post({ kind: 'bytes', body, slot, lengthBytes: filledBytes });
        slot = null;
        filledBytes = 0;
      }
    }
    if (slot !== null) this.#post({ kind: 'bytes', body, slot, lengthBytes: filledBytes });
  }

  async finish(body: number): Promise<Digests> {
    if (this.#failure !== null) throw this.#failure;
    try {
      return await new Promise<Digests>((resolve, reject) => {
        this.#finishing.set(body, { resolve, reject });
        this.#post({ kind: 'finish', body });
      });
    } finally {
      this.#bodies.delete(body);
    }
  }

  drop(body: number): void {
    if (this.#bodies.delete(body)) this.#post({ kind: 'drop', body });
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #post(message: ToHashThread): void {
    this.#thread.postMessage(message);
  }

  async #takeSlot(): Promise<number> {
    if (this.#failure !== null) throw this.#failure;
    return this.#freeSlots.pop() ?? new Promise((resolve, reject) => this.#waitingForSlot.push({ resolve, reject }));
  }

  #receive(message: FromHashThread): void {
    if (message.kind === 'freed') {
      const next = this.#waitingForSlot.shift();
      if (next) next.resolve(message.slot);
      else this.#freeSlots.push(message.slot);
      return;
    }
    this.#finishing.get(message.body)?.resolve(new Map(message.digests.map(([name, bytes]) => [name, Buffer.from(bytes)])));
    this.#finishing.delete(message.body);
  }

  #fail(reason: Error): void {
    this.#failure ??= reason;
    for (const waiting of [...this.#waitingForSlot.splice(0), ...this.#finishing.values()]) waiting.reject(this.#failure);
    this.#finishing.clear();
  }
}
