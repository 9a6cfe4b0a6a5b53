import { queueGarbage, queuePartsAsGarbage } from '../rows/garbage.js';
import { deleteParts } from '../rows/part.js';
import { deleteUpload, type UploadRow } from '../rows/upload.js';
import type { Transaction, Tx } from '../tx.js';

/** Queues the slices of owners that nobody can see any more; their bodies are counted down later. */
export function* release(tx: Tx, owners: readonly number[], nowMs: number): Transaction<void> {
  if (owners.length === 0) return;
  yield* tx.run(queueGarbage, [nowMs, JSON.stringify(owners)]);
  yield* tx.bump('garbage', owners.length);
}

/** Ends an upload: its parts become garbage. */
export function* releaseUpload(tx: Tx, bucketId: number, upload: UploadRow, nowMs: number): Transaction<void> {
  yield* tx.bump('garbage', yield* tx.run(queuePartsAsGarbage, [nowMs, upload.number]));
  yield* tx.run(deleteParts, [upload.number]);
  yield* tx.run(deleteUpload, [bucketId, upload.key, upload.id]);
  yield* tx.bump('uploads', -1);
}
