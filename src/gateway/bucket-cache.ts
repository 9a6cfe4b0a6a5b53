import { LRUCache } from 'lru-cache';
import { Refusal } from '../model/refusal.js';
import type { RequestOf, ResponseOf } from '../wire/verbs.js';

/** What the gateway knows of a bucket; the master re-checks `factsVersion` in every transaction. */
export type BucketFacts = ResponseOf<'getBucket'>;

export interface BucketAsker {
  ask(verb: 'getBucket', head: RequestOf<'getBucket'>): Promise<BucketFacts>;
}

const bucketsMax = 10_000;
/** Facts that change again and again while one request tries to use them. */
const turnsMax = 4;

/**
 * Facts of buckets by name. A request may go ahead on cached facts, since the master compares their version. It is
 * refused only on facts fetched after it arrived: the cache alone never says no.
 */
export class BucketCache {
  readonly #master: BucketAsker;
  readonly #facts = new LRUCache<string, BucketFacts>({ max: bucketsMax });

  constructor(master: BucketAsker) {
    this.#master = master;
  }

  /** Asks the master. Refuses: no-such-bucket. */
  async fetch(bucket: string): Promise<BucketFacts> {
    try {
      const facts = await this.#master.ask('getBucket', { bucket });
      this.#facts.set(bucket, facts);
      return facts;
    } catch (error) {
      this.#facts.delete(bucket);
      throw error;
    }
  }

  /** Cached facts, or fetched ones: enough to begin with, as whatever follows names them again. Refuses: no-such-bucket. */
  get(bucket: string): BucketFacts | Promise<BucketFacts> {
    return this.#facts.get(bucket) ?? this.fetch(bucket);
  }

  /** What the answer to createBucket said. */
  set(bucket: string, facts: BucketFacts): void {
    this.#facts.set(bucket, facts);
  }

  forget(bucket: string): void {
    this.#facts.delete(bucket);
  }

  /**
   * Does `work` with the bucket's facts, and again with fresh ones when the master answers that they are not true any
   * more. `decide` is asked about each facts before they are used, and throws to refuse.
   */
  async use<T>(bucket: string, decide: (facts: BucketFacts) => void, work: (facts: BucketFacts) => Promise<T>): Promise<T> {
    const cached = this.#facts.get(bucket);
    let facts = cached ?? (await this.fetch(bucket));
    for (let turn = 1; ; turn += 1) {
      try {
        decide(facts);
        return await work(facts);
      } catch (error) {
        const isFresh = facts !== cached;
        if (turn >= turnsMax || !(error instanceof Refusal) || !mayBeStale(error, isFresh)) throw error;
      }
      facts = await this.fetch(bucket);
    }
  }
}

function mayBeStale(refusal: Refusal, isFresh: boolean): boolean {
  // A bucket that was deleted and made again has another id, under which the old facts find nothing.
  return refusal.code === 'facts-changed' || (!isFresh && (refusal.code === 'no-such-bucket' || refusal.code === 'access-denied'));
}
