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
import { ReplicaWrite, type NewChunk, type ReplicaOwner } from './replica-write.js';
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
  /** No copy is under way any more, late ones included. */
  onSettled: (chunk: ChunkWrite) => void;
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
export class ChunkWrite implements ReplicaOwner {
  /** Resolves when the chunk is good and the others had their `lateReceiptMs`. Rejects with `Refusal('nodes-too-few')`. */
  readonly written: Promise<WrittenChunk>;
  readonly number: number;
  readonly #chunk: NewChunk;
  readonly #options: ChunkWriteOptions;
  readonly #parts: Parts;
  readonly #hostsNeeded: number;
  readonly #tried = new Set<string>();
  /** Those that refused the chunk for want of room. */
  readonly #full = new Set<string>();
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
  /** What comes next when nothing is heard: one at a time, as every chunk pays for it. */
  #timer: Timer | null = null;

  /** `number` names it among its writer's chunks. */
  constructor(number: number, chunk: NewChunk, options: ChunkWriteOptions, parts: Parts) {
    this.number = number;
    this.#chunk = chunk;
    this.#options = options;
    this.#parts = parts;
    this.#sparesLeft = options.limits.sparesMax;
    this.written = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // The body may fail elsewhere first; nobody looks at this one then
    this.written.catch(() => undefined);
    const { view } = options;
    this.#hostsNeeded = Math.min(view.writeQuorum, countHosts(view.nodes.filter(({ writable }) => writable)));
  }

  /** Chooses the nodes and calls them. */
  begin(): void {
    this.#addReplicas(this.#options.view.replicationFactor);
    this.#failWithoutHope();
    if (this.#pending.size === 0) this.#options.onSettled(this);
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
    this.#facts = { id: this.#chunk.id, lengthBytes: this.#lengthBytes, crc32c: this.#crc };
    for (const replica of this.#pending) replica.end(this.#facts);
    if (this.#state === 'open') this.#after(this.#options.limits.hedgeMs, () => this.#hedge());
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
    const { random } = this.#parts;
    const beside = new Set<string>();
    for (const { nodeId } of this.#receipts) beside.add(nodeId);
    for (const { nodeId } of this.#pending) beside.add(nodeId);
    const exclude = new Set(this.#tried);
    for (const nodeId of failedNodes) exclude.add(nodeId);
    for (const node of view.nodes) if (node.writable && datanodes.isAway(node)) exclude.add(node.nodeId);
    const chosen = chooseNodes(view, { count, exclude, beside, random });
    for (const { nodeId } of chosen) this.#tried.add(nodeId);
    // Rather a node that failed a moment ago than too few
    if (chosen.length < count) {
      for (const { nodeId } of chosen) beside.add(nodeId);
      for (const node of chooseNodes(view, { count: count - chosen.length, exclude: this.#tried, beside, random })) {
        this.#tried.add(node.nodeId);
        chosen.push(node);
      }
    }
    for (const node of chosen) {
      const replica = new ReplicaWrite(datanodes.in(view, node), this.#chunk, this.#options.limits.callMs, this);
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
    const { hedgeMs, receiptMs } = this.#options.limits;
    this.#after(receiptMs - hedgeMs, () => this.abort(new Refusal('nodes-too-few', 'Too few datanodes have answered in time.')));
    this.#addSpares(this.#pending.size);
  }

  // ---- what becomes of them

  replicaSettled(replica: ReplicaWrite, error: Error | null): void {
    this.#pending.delete(replica);
    if (error === null) this.#received(replica);
    else this.#failed(replica, error);
    if (this.#pending.size > 0) return;
    if (this.#state === 'good') this.#done();
    if (this.#state === 'open') return;
    // One that waits for late copies would keep the chunk, and its bytes, in memory until it fires
    this.#timer?.cancel();
    this.#options.onSettled(this);
  }

  #received(replica: ReplicaWrite): void {
    if (this.#state === 'failed') return;
    if (this.#state === 'done') {
      this.#options.onLateReceipt({ ...must(this.#facts, 'facts of an ended chunk'), nodeId: replica.nodeId });
      return;
    }
    this.#receipts.push(replica);
    if (this.#state !== 'open' || !this.#isEnough(this.#receipts)) return;
    this.#state = 'good';
    this.#atHand = null;
    if (this.#pending.size > 0) this.#after(this.#options.lateReceiptMs, () => this.#done());
  }

  #failed({ nodeId }: ReplicaWrite, error: Error): void {
    if (this.#state !== 'open' && this.#state !== 'good') return;
    this.#parts.log.warn({ chunk: this.#chunk.id, node: nodeId, err: error }, 'a copy of a chunk could not be written');
    this.#options.failedNodes.add(nodeId);
    if (error instanceof Refusal && error.code === 'storage-full') this.#full.add(nodeId);
    if (this.#state !== 'open') return;
    this.#addSpares(1);
    this.#failWithoutHope();
  }

  /** Receipts only bring a chunk nearer to its end, so this is asked when nodes were chosen or failed. */
  #failWithoutHope(): void {
    if (this.#isEnough([...this.#receipts, ...this.#pending])) return;
    const { length } = this.#receipts;
    const { writeQuorum } = this.#options.view;
    const why = `${length} of the ${writeQuorum} copies that a write needs are durable and too few other datanodes take chunks`;
    this.abort(new Refusal('nodes-too-few', `${why}${this.#ofFullNodes()}.`));
  }

  /** A full store is no trouble that passes: whoever reads the refusal should learn it there. */
  #ofFullNodes(): string {
    const { nodes } = this.#options.view;
    const full = nodes.filter(({ nodeId, state, writable }) => this.#full.has(nodeId) || (state === 'live' && !writable));
    if (full.length === 0) return '';
    return `; the disks of ${full.length} of ${nodes.length} datanodes are full: delete objects or add room`;
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

  #finish(state: 'done' | 'failed'): void {
    this.#state = state;
    this.#timer?.cancel();
  }

  #after(delayMs: number, fire: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimer(delayMs, fire);
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
