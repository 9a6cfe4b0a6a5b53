import { droppedUploadsReleasedTogether } from '../limits.js';
import { deleteDroppedBucket, firstDroppedBucket } from '../rows/bucket.js';
import { uploadsOfBucket } from '../rows/upload.js';
import type { Transaction, Tx } from '../tx.js';
import { releaseUpload } from './release.js';

/** Ends some uploads of a bucket that was deleted under them. Answers whether there may be more. */
export function* releaseDroppedUploads(tx: Tx, nowMs: number): Transaction<boolean> {
  const dropped = yield* tx.get(firstDroppedBucket, []);
  if (dropped === undefined) return false;
  const uploads = yield* tx.all(uploadsOfBucket, [dropped.bucket, droppedUploadsReleasedTogether], droppedUploadsReleasedTogether);
  for (const upload of uploads) yield* releaseUpload(tx, dropped.bucket, upload, nowMs);
  if (uploads.length < droppedUploadsReleasedTogether) yield* tx.run(deleteDroppedBucket, [dropped.bucket]);
  return true;
}
