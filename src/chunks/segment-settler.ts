import type { BatchEnds, DigestHistory } from './digest-history.js';
import type { DiskCondition } from './disk-condition.js';
import { writeHint, type Hint } from './hint-file.js';
import { segmentBaseName, type Segment } from './segment.js';
import { withReserve, type SegmentPool } from './segment-pool.js';

/** Writes, in the background, what is derived from a segment when it is sealed: its digests and its hint. */
export class SegmentSettler {
  readonly #history: DigestHistory;
  readonly #pool: SegmentPool;
  readonly #condition: DiskCondition;
  /** Sealed segments whose hint is not on disk yet. */
  readonly #unsettled = new Map<Segment, { hint: Hint; ends: BatchEnds }>();
  readonly #running = new Set<Promise<void>>();
  #warm: Segment | null = null;

  constructor(parts: { history: DigestHistory; pool: SegmentPool; condition: DiskCondition }) {
    this.#history = parts.history;
    this.#pool = parts.pool;
    this.#condition = parts.condition;
  }

  get isSettled(): boolean {
    return this.#unsettled.size === 0;
  }

  has(segment: Segment): boolean {
    return this.#unsettled.has(segment);
  }

  /** The digest at the end of a batch in a sealed segment, or null. */
  findDigest(sequence: number): string | null {
    for (const { ends } of this.#unsettled.values()) {
      const found = ends.find(sequence);
      if (found !== null) return found;
    }
    return this.#history.find(sequence);
  }

  begin(segment: Segment, hint: Hint, ends: BatchEnds): void {
    this.#unsettled.set(segment, { hint, ends });
    // The one sealed before is by now long enough written to be out of the page cache: its reads leave this thread.
    if (this.#warm !== null) this.#warm.warm = false;
    this.#warm = segment;
    const settling = this.#settle(segment, hint, ends).finally(() => this.#running.delete(settling));
    this.#running.add(settling);
  }

  /** Waits for what runs, and tries again what a full disk prevented. */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    for (const [segment, { hint, ends }] of this.#unsettled) await this.#settle(segment, hint, ends);
  }

  /** Digests first: a segment with a hint may be released, and they must outlive it. */
  async #settle(segment: Segment, hint: Hint, ends: BatchEnds): Promise<void> {
    if (this.#condition.fault !== null) return;
    try {
      await withReserve(this.#pool, async () => {
        await this.#history.add(segmentBaseName(segment.number), ends);
        await writeHint(segment, hint);
      });
      this.#unsettled.delete(segment);
    } catch (error) {
      this.#condition.writeFailed(error);
    }
  }
}
