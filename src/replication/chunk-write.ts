import type { Clock, Timer } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import type { Log } from '../base/log.js';
import { must } from '../base/must.js';
import type { Random } from '../base/random.js';
import type { ChunkFacts, Receipt, WrittenChunk } from '../model/chunk.js';
import type { View } from '../model/node.js';
import { chooseNodes, countHosts } from '../model/placement.js';
import { Refusal } from '../model/refusal.js';
import type { Datanodes } from './datanodes.js';
import { ReplicaWrite, type NewChunk } from './replica-write.js';
import type { WriteLimits } from './write-limits.js';

export interface ChunkWriteOptions {
  view: View;
  datanodes: Datanodes;
  limits: WriteLimits;
  lateReceiptMs: number;
  /** Nodes that failed this body before; the ones that fail now are added. */
  failedNodes: Set<string>;
  /** A copy that became durable after `written` had resolved. */
  onLateReceipt: (receipt: Receipt) => void;
}

interface Parts {
  clock: Clock;
  random: Random;
  log: Log;
}

/**
 * One chunk on its way to RF nodes at once, which all get the same buffers (DESIGN section 5, PUT 2 to 4). It is good at W
 * receipts from W hosts, or from W nodes where fewer hosts can take one.
 *
 * A node that fails is replaced by a spare as long as the whole chunk so far is at hand, that is for its first
 * `behindBytes`. Beyond, the chunk goes on with the nodes that are left: fewer than RF are repaired later, fewer than W
 * refuse the body, since its beginning cannot be sent again.
 */
export class ChunkWrite {
  /** Resolves when the chunk is good and the others had their `lateReceiptMs`. Rejects with `Refusal('nodes-too-few')`. */
  readonly written: Promise<WrittenChunk>;
  /** Resolves when no copy is under way any more, late ones included. */
  readonly settled: Promise<void>;
  readonly #chunk: NewChunk;
  readonly #options: ChunkWriteOptions;
  readonly #parts: Parts;
  readonly #hostsNeeded: number;
  readonly #tried = new Set<string>();
  readonly #pending = new Set<ReplicaWrite>();
  readonly #receipts: ReplicaWrite[] = [];
  /** The chunk so far, while a spare could still be given it. */
  #atHand: Buffer[] | null = [];
  #facts: ChunkFacts | null = null;
  #lengthBytes = 0;
  #crc = 0;
  #sparesLeft: number;
  #state: 'open' | 'good' | 'done' | 'failed' = 'open';
  #resolve!: (chunk: WrittenChunk) => void;
  #reject!: (error: Error) => void;
  #resolveSettled!: () => void;
  #timers: Timer[] = [];

  constructor(chunk: NewChunk, options: ChunkWriteOptions, parts: Parts) {
    this.#chunk = chunk;
    this.#options = options;
    this.#parts = parts;
    this.#sparesLeft = options.limits.sparesMax;
    this.written = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.settled = new Promise((resolve) => (this.#resolveSettled = resolve));
    // The body may fail elsewhere first; nobody looks at this one then
    this.written.catch(() => undefined);
    const { view } = options;
    this.#hostsNeeded = Math.min(view.writeQuorum, countHosts(view.nodes.filter(({ writable }) => writable)));
    this.#addReplicas(view.replicationFactor);
    this.#judge();
  }

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** What the slowest node has yet to get: so much memory the chunk holds. */
  get queuedBytes(): number {
    let most = 0;
    for (const replica of this.#pending) most = Math.max(most, replica.queuedBytes);
    return most;
  }

  write(bytes: Buffer): void {
    this.#lengthBytes += bytes.length;
    this.#crc = crc32c(bytes, this.#crc);
    if (this.#lengthBytes > this.#options.limits.behindBytes) this.#atHand = null;
    this.#atHand?.push(bytes);
    for (const replica of this.#pending) replica.write(bytes);
  }

  /**
   * Resolves when every node has at most `queuedBytes` to come; one that keeps the others waiting is dropped once it
   * is too far behind the fastest. Null: there is nothing to wait for. Rejects when the chunk has failed.
   */
  whenReady(queuedBytes: number): Promise<void> | null {
    return this.#state !== 'failed' && this.queuedBytes <= queuedBytes ? null : this.#waitUntilReady(queuedBytes);
  }

  end(): void {
    const { hedgeMs, receiptMs } = this.#options.limits;
    this.#facts = { id: this.#chunk.id, lengthBytes: this.#lengthBytes, crc32c: this.#crc };
    for (const replica of this.#pending) replica.end(this.#facts);
    if (this.#state !== 'open') return;
    this.#after(hedgeMs, () => this.#hedge());
    this.#after(receiptMs, () => this.#giveUp());
  }

  /** Nothing of the chunk is wanted any more. */
  abort(reason: Error): void {
    if (this.#state === 'done' || this.#state === 'failed') return;
    this.#finish('failed');
    this.#atHand = null;
    for (const replica of this.#pending) replica.abort(reason);
    this.#reject(reason);
  }

  /** A chunk that is good lets go of the bytes that its other copies have yet to get; repair makes those. */
  dropLate(): void {
    if (this.#state !== 'good' && this.#state !== 'done') return;
    for (const replica of this.#pending) if (replica.queuedBytes > 0) replica.abort(new Error('all bodies together hold too much'));
  }

  // ---- which nodes

  #addReplicas(count: number): void {
    const { view, datanodes, failedNodes } = this.#options;
    const away = new Set<string>();
    for (const node of view.nodes) if (node.writable && datanodes.isAway(node)) away.add(node.nodeId);
    const beside = new Set([...this.#receipts, ...this.#pending].map(({ nodeId }) => nodeId));
    const choose = (count: number, avoided: Iterable<string>) =>
      chooseNodes(view, { count, exclude: new Set([...this.#tried, ...avoided]), beside, random: this.#parts.random });
    const chosen = choose(count, [...failedNodes, ...away]);
    // Rather a node that failed a moment ago than too few
    if (chosen.length < count)
      chosen.push(
        ...choose(
          count - chosen.length,
          chosen.map(({ nodeId }) => nodeId),
        ),
      );
    for (const node of chosen) {
      this.#tried.add(node.nodeId);
      const replica = new ReplicaWrite(datanodes.in(view, node), this.#chunk, this.#options.limits.callMs, (replica, error) =>
        this.#settled(replica, error),
      );
      this.#pending.add(replica);
      for (const bytes of this.#atHand ?? []) replica.write(bytes);
      if (this.#facts !== null) replica.end(this.#facts);
    }
  }

  #addSpares(count: number): void {
    if (this.#atHand === null) return;
    const spares = Math.min(count, this.#sparesLeft);
    this.#sparesLeft -= spares;
    if (spares > 0) this.#addReplicas(spares);
  }

  /** Nodes that say nothing may still answer; others are asked beside them. */
  #hedge(): void {
    if (this.#state === 'open') this.#addSpares(this.#pending.size);
  }

  // ---- what becomes of them

  #settled(replica: ReplicaWrite, error: Error | null): void {
    this.#pending.delete(replica);
    if (error === null) this.#received(replica);
    else if (this.#state === 'open' || this.#state === 'good') {
      const { id } = this.#chunk;
      this.#parts.log.warn({ chunk: id, node: replica.nodeId, err: error }, 'a copy of a chunk could not be written');
      this.#options.failedNodes.add(replica.nodeId);
      if (this.#state === 'open') this.#addSpares(1);
    }
    this.#judge();
  }

  #received(replica: ReplicaWrite): void {
    if (this.#state === 'failed') return;
    if (this.#state === 'done') this.#options.onLateReceipt({ ...must(this.#facts, 'facts of an ended chunk'), nodeId: replica.nodeId });
    else this.#receipts.push(replica);
  }

  #judge(): void {
    const { view, lateReceiptMs } = this.#options;
    if (this.#state === 'open') {
      if (this.#isEnough(this.#receipts)) {
        this.#state = 'good';
        this.#atHand = null;
        if (this.#pending.size > 0) this.#after(lateReceiptMs, () => this.#done());
      } else if (!this.#isEnough([...this.#receipts, ...this.#pending])) {
        const { length } = this.#receipts;
        this.abort(new Refusal('nodes-too-few', `${length} of ${view.writeQuorum} copies are durable and no other node can take one.`));
      }
    }
    if (this.#state === 'good' && this.#pending.size === 0) this.#done();
    if (this.#state !== 'open' && this.#pending.size === 0) this.#resolveSettled();
  }

  #isEnough(replicas: ReplicaWrite[]): boolean {
    return replicas.length >= this.#options.view.writeQuorum && countHosts(replicas) >= this.#hostsNeeded;
  }

  #done(): void {
    if (this.#state !== 'good') return;
    this.#finish('done');
    const facts = must(this.#facts, 'facts of an ended chunk');
    this.#resolve({ ...facts, generation: this.#chunk.generation, nodeIds: this.#receipts.map(({ nodeId }) => nodeId) });
    // What is still on its way may arrive late, but not hold its bytes for ever
    if (this.#pending.size > 0) this.#after(this.#options.limits.receiptMs, () => this.#abortPending('no receipt in time'));
  }

  #giveUp(): void {
    if (this.#state === 'open') this.abort(new Refusal('nodes-too-few', 'Too few datanodes have answered in time.'));
  }

  #finish(state: 'done' | 'failed'): void {
    this.#state = state;
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  #after(delayMs: number, fire: () => void): void {
    this.#timers.push(this.#parts.clock.setTimer(delayMs, fire));
  }

  #abortPending(reason: string): void {
    for (const replica of this.#pending) replica.abort(new Error(reason));
  }

  // ---- back-pressure

  async #waitUntilReady(queuedBytes: number): Promise<void> {
    const { patienceMs, stallMs } = this.#options.limits;
    let waitedMs = 0;
    while (this.#state === 'open' && this.queuedBytes > queuedBytes) {
      await this.#waitAtMost(patienceMs, queuedBytes);
      if (this.#state !== 'open' || this.queuedBytes <= queuedBytes) break;
      this.#dropSlow();
      // The fastest sets the pace, as soon as it has taken its share
      if (this.#fastestQueuedBytes() <= queuedBytes) break;
      waitedMs += patienceMs;
      if (waitedMs >= stallMs) this.abort(new Refusal('nodes-too-few', 'No datanode takes more bytes.'));
    }
    if (this.#state === 'failed') await this.written;
  }

  async #waitAtMost(delayMs: number, queuedBytes: number): Promise<void> {
    const calm = new AbortController();
    const drained = Promise.all([...this.#pending].map((replica) => replica.whenQueuedAtMost(queuedBytes)));
    await Promise.race([drained, this.#parts.clock.sleep(delayMs, calm.signal).catch(() => undefined)]);
    calm.abort(new Error('ready'));
  }

  #dropSlow(): void {
    const limitBytes = this.#fastestQueuedBytes() + this.#options.limits.behindBytes;
    for (const replica of this.#pending) {
      if (replica.queuedBytes > limitBytes) replica.abort(new Error(`${replica.queuedBytes} bytes behind`));
    }
  }

  #fastestQueuedBytes(): number {
    let fewest = Infinity;
    for (const replica of this.#pending) fewest = Math.min(fewest, replica.queuedBytes);
    return fewest;
  }
}
