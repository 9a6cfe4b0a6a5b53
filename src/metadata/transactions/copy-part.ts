import { Refusal } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import type { PartChecksum } from '../rows/part.js';
import { copySliceRange } from '../rows/slice.js';
import { currentObject } from '../rules/current-object.js';
import { findUpload, type PartName } from '../rules/find-upload.js';
import type { InBucket } from '../rules/in-bucket.js';
import { judgePartChecksum, putPart } from '../rules/put-part.js';
import { raiseBodies } from '../rules/share-bodies.js';
import type { Transaction, Tx } from '../tx.js';

export interface CopyPartArgs extends PartName {
  attempt: Attempt;
  source: InBucket & { key: string; versionNumber: number; offsetBytes: number; sizeBytes: number };
  partNumber: number;
  etag: string;
  checksum: PartChecksum | null;
  nowMs: number;
}

export interface CopyPartResult {
  lastModifiedMs: number;
}

/** A part that shares a byte range of an object. The gateway has read exactly that version to compute its MD5. */
export function* copyPart(tx: Tx, args: CopyPartArgs): Transaction<CopyPartResult> {
  const { source } = args;
  const upload = yield* findUpload(tx, args);
  judgePartChecksum(upload, args.checksum);
  const original = yield* currentObject(tx, source, Buffer.from(source.key));
  if (original?.versionNumber !== source.versionNumber) throw new Refusal('copy-source-changed');
  if (source.offsetBytes + source.sizeBytes > original.sizeBytes) throw new Refusal('range-not-satisfiable');

  const owner = yield* tx.nextNumber();
  const range = [owner, source.versionNumber, source.offsetBytes, source.offsetBytes + source.sizeBytes];
  yield* tx.run(copySliceRange, [JSON.stringify([range])]);
  yield* raiseBodies(tx, owner);
  yield* putPart(tx, upload, owner, { ...args, sizeBytes: source.sizeBytes });
  return { lastModifiedMs: args.nowMs };
}
