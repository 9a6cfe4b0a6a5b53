import { finishedUploadMemoryMs } from '../limits.js';
import { deleteFinishedUploads } from '../rows/upload.js';
import type { Transaction, Tx } from '../tx.js';

export interface ExpireFinishedUploadsArgs {
  nowMs: number;
  limit: number;
}

export interface ExpireFinishedUploadsResult {
  /** Rows removed; equal to `limit` means there may be more. */
  removed: number;
}

/** Forgets answers of uploads that finished 7 days ago. */
export function* expireFinishedUploads(tx: Tx, args: ExpireFinishedUploadsArgs): Transaction<ExpireFinishedUploadsResult> {
  return { removed: yield* tx.run(deleteFinishedUploads, [args.nowMs - finishedUploadMemoryMs, args.limit]) };
}
