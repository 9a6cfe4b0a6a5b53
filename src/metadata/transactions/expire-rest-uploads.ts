import { expiredRestUploads } from '../rows/rest.js';
import { discardRestObject } from '../rules/discard-rest-object.js';
import type { Transaction, Tx } from '../tx.js';

export interface ExpireRestUploadsArgs {
  nowMs: number;
  limit: number;
}

export interface ExpireRestUploadsResult {
  removed: number;
}

/** Removes uploads that were announced and not completed in time, with the copies they have. */
export function* expireRestUploads(tx: Tx, args: ExpireRestUploadsArgs): Transaction<ExpireRestUploadsResult> {
  const expired = yield* tx.all(expiredRestUploads, [args.nowMs, args.limit], args.limit);
  for (const { id } of expired) yield* discardRestObject(tx, id, args.nowMs);
  return { removed: expired.length };
}
