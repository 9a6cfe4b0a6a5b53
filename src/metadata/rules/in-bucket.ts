import { Refusal } from '../../model/refusal.js';
import { bucketFacts } from '../rows/bucket.js';
import type { ReadTx, Transaction } from '../tx.js';

/** A bucket, and the version of its facts that the sender decided on. */
export interface InBucket {
  bucketId: number;
  factsVersion: number;
}

/**
 * Refuses when the decision rests on facts that no longer hold. A bucket that is gone counts as changed too, since
 * another may stand under its name: the sender asks by name again and learns which it is.
 */
export function* requireFacts(tx: ReadTx, { bucketId, factsVersion }: InBucket): Transaction<void> {
  judgeFacts(yield* tx.get(bucketFacts, [bucketId]), factsVersion);
}

/** The same for a row that was read together with others. */
export function judgeFacts(row: { facts_version: number } | undefined, factsVersion: number): void {
  if (row?.facts_version !== factsVersion) throw new Refusal('facts-changed');
}
