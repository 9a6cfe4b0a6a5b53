import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import { Semaphore } from '../base/semaphore.js';
import type { Task } from '../base/task-loop.js';
import type { MetadataStore } from '../metadata/store.js';
import type { QueryResult } from '../metadata/queries.js';
import { batchRowsMax } from '../model/limits.js';
import { chooseNodes } from '../model/placement.js';
import { planCopies, type CopyPlan } from './copy-plan.js';
import type { NodeRegistry } from './node-registry.js';
import type { OrderBook } from './order-book.js';

/** The whole chunk table is looked at this often even when nothing happened. */
const scanEveryMs = 24 * 3_600_000;
/** Looking again for what could not be done takes at most this part of the time. */
const lookShare = 0.05;
/** Copies under way in the whole cluster. */
const copiesMax = 256;
/** A chunk of which a copy could not be made waits, each time for twice as long: its only source may be damaged. */
const failedWaitMsMax = 600_000;
/** Chunks that wait so; the one that has waited longest makes room. */
const failedMax = 100_000;

type ChunkRow = QueryResult<'scanChunks'>['chunks'][number];

export interface RepairParts {
  store: Pick<MetadataStore, 'read' | 'write'>;
  registry: NodeRegistry;
  orders: OrderBook;
  clock: Clock;
  random: Random;
  log: Log;
  replicationFactor: number;
  /** Chunks committed less than so long ago are left alone: receipts may be on their way. */
  repairYoungMs: number;
  /** Between two looks at the rows of chunks that are short of copies. */
  roundMs: number;
}

/** What the last whole scan of the chunk table saw. */
export interface Census {
  chunks: number;
  /** With fewer counted copies than RF. */
  short: number;
  /** With one counted copy. */
  atRisk: number;
  /** With none: only on quarantined or lost nodes, or nowhere. */
  none: number;
  takenAtWallMs: number;
}

/**
 * Makes missing copies anew. Two sources say what is short: rows written with a commit that had fewer receipts than RF
 * or with a lost copy, and a scan of the chunk table, at start, once a day and whenever a node changes. Fewest copies
 * first. The receiving node pulls and compares with the facts from metadata; only its word adds the copy. More copies
 * than RF, once a lost node is back, stay recorded.
 */
export class Repair implements Task {
  readonly name = 'repair';
  readonly #parts: RepairParts;
  readonly #slots = new Semaphore(copiesMax, 1);
  /** Ids of the nodes that are making a copy, by chunk. */
  readonly #targets = new Map<string, Set<string>>();
  readonly #copies = new Set<Promise<void>>();
  /** Monotonic, by chunk: until when no copy is tried after one that failed. */
  readonly #failed = new Map<string, { waitMs: number; untilMs: number }>();
  #scanDueAtMs = -Infinity;
  /** After a scan that found chunks short of copies, the census is old once the copies are made: it is taken anew from here on. */
  #recountDueAtMs = Infinity;
  #readMs = 0;
  #census: Census | null = null;
  readonly #totals = { copies: 0, bytes: 0, failed: 0 };

  constructor(parts: RepairParts) {
    this.#parts = parts;
    parts.registry.onChange(({ before, after }) => {
      if (before?.state === after?.state) return;
      this.#scanDueAtMs = -Infinity;
      this.#failed.clear(); // there may be another source
    });
  }

  /** Null until the first scan has ended. */
  get census(): Census | null {
    return this.#census;
  }

  get copiesUnderWay(): number {
    return this.#copies.size;
  }

  /** Since this master began. */
  get totals(): { copies: number; bytes: number; failed: number } {
    return { ...this.#totals };
  }

  async work(signal: AbortSignal): Promise<number> {
    const { clock, log, replicationFactor, repairYoungMs } = this.#parts;
    const recount = this.#copies.size === 0 && clock.monotonicMs() >= this.#recountDueAtMs;
    const scan = recount || clock.monotonicMs() >= this.#scanDueAtMs;
    if (scan) this.#scanDueAtMs = clock.monotonicMs() + scanEveryMs;
    this.#readMs = 0;
    const census: Census = { chunks: 0, short: 0, atRisk: 0, none: 0, takenAtWallMs: clock.wallMs() };
    let stuck = 0;
    // One round per number of copies left: a chunk with one copy never waits behind those with two.
    const firstLevel = Math.min(1, replicationFactor - 1);
    for (let level = firstLevel; level < replicationFactor; level += 1) {
      for (const page of this.#rowPages()) stuck += await this.#repairPage(page, level, signal);
      if (!scan) continue;
      for (const page of this.#tablePages()) {
        if (level === firstLevel) this.#count(page, census);
        // What has fewer than RF copies on record is in the rows, which know how young it is.
        const recorded = page.filter((chunk) => chunk.nodeNumbers.length >= replicationFactor);
        stuck += await this.#repairPage(recorded, level, signal);
      }
    }
    if (scan) {
      this.#census = census;
      const waitMs = Math.max(repairYoungMs, this.#againMs());
      this.#recountDueAtMs = census.short > 0 ? clock.monotonicMs() + waitMs : Infinity;
    }
    if (stuck > 0 && scan) {
      log.warn({ chunks: stuck }, 'chunks are short of copies, and no node can take or give one now');
      this.#scanSoon();
    }
    return this.#scanDueAtMs <= clock.monotonicMs() ? 0 : this.#againMs();
  }

  /** Resolves when no copy is under way any more; to be called after the order book was closed. */
  async ended(): Promise<void> {
    await Promise.all(this.#copies);
  }

  *#rowPages(): Generator<ChunkRow[]> {
    const { clock, store, repairYoungMs } = this.#parts;
    const committedBeforeMs = clock.wallMs() - repairYoungMs;
    let after: QueryResult<'listUnder'>['nextAfter'] = null;
    do {
      const startedMs = clock.monotonicMs();
      const page: QueryResult<'listUnder'> = store.read('listUnder', { after, committedBeforeMs, limit: batchRowsMax });
      this.#readMs += clock.monotonicMs() - startedMs;
      yield page.chunks;
      after = page.nextAfter;
    } while (after !== null);
  }

  *#tablePages(): Generator<ChunkRow[]> {
    const { clock, store } = this.#parts;
    let afterId: string | null = null;
    do {
      const startedMs = clock.monotonicMs();
      const page: QueryResult<'scanChunks'> = store.read('scanChunks', { afterId, limit: batchRowsMax });
      this.#readMs += clock.monotonicMs() - startedMs;
      yield page.chunks;
      afterId = page.nextAfterId;
    } while (afterId !== null);
  }

  #plan(chunk: ChunkRow): CopyPlan {
    const { registry, replicationFactor } = this.#parts;
    return planCopies(chunk, (nodeNumber) => registry.byNumber(nodeNumber), replicationFactor);
  }

  /** Whether the chunk is at most so well off and lacks copies that nobody is making. */
  #isWanted(chunk: ChunkRow, level: number): boolean {
    if (chunk.state !== 'present') return false;
    const { counted, missing } = this.#plan(chunk);
    return counted <= level && missing > (this.#targets.get(chunk.id)?.size ?? 0);
  }

  #count(page: ChunkRow[], census: Census): void {
    for (const chunk of page) {
      if (chunk.state !== 'present') continue;
      const { counted, missing } = this.#plan(chunk);
      census.chunks += 1;
      if (missing > 0) census.short += 1;
      if (counted === 1) census.atRisk += 1;
      if (counted === 0) census.none += 1;
    }
  }

  /** Answers how many chunks of the page want a copy that nobody can take or give. */
  async #repairPage(page: ChunkRow[], level: number, signal: AbortSignal): Promise<number> {
    const { store, registry, clock, random } = this.#parts;
    let stuck = 0;
    for (const { id } of page.filter((chunk) => this.#isWanted(chunk, level))) {
      // The page may be older than a copy that has ended since.
      const chunk = store.read('getChunk', { id });
      if (chunk === null || !this.#isWanted(chunk, level)) continue;
      if ((this.#failed.get(id)?.untilMs ?? -Infinity) > clock.monotonicMs()) continue;
      const plan = this.#plan(chunk);
      const targets = this.#targets.get(id) ?? new Set();
      const count = plan.missing - targets.size;
      const beside = new Set([...plan.keepers, ...targets]);
      const chosen = plan.sources.length === 0 ? [] : chooseNodes(registry.view(), { count, exclude: plan.holders, beside, random });
      if (chosen.length < count) stuck += 1;
      for (const target of chosen) await this.#startCopy(chunk, plan, target.nodeId, signal);
    }
    await nextTurn(); // pages are read in this thread: others get their turn
    signal.throwIfAborted();
    return stuck;
  }

  /** Waits for a slot only; the copy goes on by itself. */
  async #startCopy(chunk: ChunkRow, plan: CopyPlan, targetId: string, signal: AbortSignal): Promise<void> {
    const release = await this.#slots.acquire();
    const targets = this.#targets.get(chunk.id) ?? new Set();
    this.#targets.set(chunk.id, targets.add(targetId));
    const copy = this.#copy(chunk, plan, targetId, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#parts.log.warn({ id: chunk.id, nodeId: targetId, err: error }, 'a copy could not be ordered');
        this.#scanSoon();
      })
      .finally(() => {
        release();
        targets.delete(targetId);
        if (targets.size === 0) this.#targets.delete(chunk.id);
        this.#copies.delete(copy);
      });
    this.#copies.add(copy);
  }

  async #copy(chunk: ChunkRow, plan: CopyPlan, targetId: string, signal: AbortSignal): Promise<void> {
    const { store, orders, log, replicationFactor } = this.#parts;
    const { id, lengthBytes, crc32c, kind: chunkKind, generation } = chunk;
    const sources = plan.sources.map(({ nodeId, address }) => ({ nodeId, address }));
    const facts = { id, lengthBytes, crc32c };
    const settlement = await orders.submit(targetId, { kind: 'copy', ...facts, chunkKind, generation, sources }, signal);
    if (settlement !== 'done') {
      this.#totals.failed += 1;
      const delayMs = settlement === 'lost' ? 0 : this.#putOff(id);
      log.warn({ id, nodeId: targetId, settlement, delayMs }, 'a copy was not made, it is ordered again');
      return this.#scanSoon(delayMs);
    }
    this.#failed.delete(id);
    await store.write('addReplicas', { chunks: [{ ...facts, nodeIds: [targetId] }], replicationFactor });
    this.#totals.copies += 1;
    this.#totals.bytes += lengthBytes;
    log.info({ id, nodeId: targetId, copiesBefore: plan.counted }, 'a copy was made anew');
    const row = store.read('getChunk', { id });
    // Deleted meanwhile: no row names this copy, so it is noted that its node owes a delete.
    if (row === null || row.state === 'deleted') await store.write('doomCopies', { id, nodeIds: [targetId] });
    // Enough copies on record end its row, also when some of them do not count: then only a scan finds it again.
    else if (row.nodeNumbers.length >= replicationFactor && this.#plan(row).missing > 0) this.#scanSoon();
  }

  /** Answers for how long no copy of the chunk is tried. */
  #putOff(id: string): number {
    const waitMs = Math.min(failedWaitMsMax, (this.#failed.get(id)?.waitMs ?? this.#parts.roundMs / 2) * 2);
    this.#failed.delete(id);
    const oldest = this.#failed.size < failedMax ? undefined : this.#failed.keys().next().value;
    if (oldest !== undefined) this.#failed.delete(oldest);
    this.#failed.set(id, { waitMs, untilMs: this.#parts.clock.monotonicMs() + waitMs });
    return waitMs;
  }

  /** Looks at the table again, but not so often that this is what the master does. */
  #scanSoon(delayMs = 0): void {
    this.#scanDueAtMs = Math.min(this.#scanDueAtMs, this.#parts.clock.monotonicMs() + Math.max(delayMs, this.#againMs()));
  }

  #againMs(): number {
    return Math.max(this.#parts.roundMs, this.#readMs / lookShare);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
