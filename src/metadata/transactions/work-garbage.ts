import { assert } from '../../base/assert.js';
import { batchRowsMax } from '../../model/limits.js';
import { dueGarbage, type GarbageRow } from '../rows/garbage.js';
import { doomBodies } from '../rules/doom-bodies.js';
import { releaseDroppedUploads } from '../rules/release-dropped-uploads.js';
import { forgetSlices, takeSlices } from '../rules/take-slices.js';
import type { Transaction, Tx } from '../tx.js';

export interface WorkGarbageArgs {
  nowMs: number;
  deleteGraceMs: number;
  /** Slices worked off at most, ≤ `batchRowsMax`. */
  limit: number;
}

export interface WorkGarbageResult {
  /** Chunks that became orders to delete. */
  chunksDoomed: number;
  /** Something is left that is due already. */
  more: boolean;
}

/**
 * One batch of what clients have deleted or overwritten: bodies are counted down, the chunks of those at 0 become
 * orders to delete. Call again while there is more.
 */
export function* workGarbage(tx: Tx, args: WorkGarbageArgs): Transaction<WorkGarbageResult> {
  assert(args.limit > 0 && args.limit <= batchRowsMax, 'a batch of garbage is bounded');
  const uploadsLeft = yield* releaseDroppedUploads(tx, args.nowMs);
  const dueBeforeMs = args.nowMs - args.deleteGraceMs;
  const due: GarbageRow[] = yield* tx.all(dueGarbage, [dueBeforeMs, args.limit], args.limit);
  if (due.length === 0) return { chunksDoomed: 0, more: uploadsLeft };

  const taken = yield* takeSlices(tx, due, args.limit);
  const chunksDoomed = yield* doomBodies(tx, taken.slices);
  yield* forgetSlices(tx, taken);
  const next = yield* tx.get(dueGarbage, [dueBeforeMs, 1]);
  return { chunksDoomed, more: uploadsLeft || next !== undefined };
}
