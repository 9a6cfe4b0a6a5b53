import { partNumberMax } from '../../model/limits.js';
import type { ObjectAttributes, ObjectVersion, WriteConditions } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import type { Attempt } from '../attempt.js';
import { deletePartsByNumber, deleteSlicesOfOwners, joinPartSlices, partPage } from '../rows/part.js';
import { finishedUpload, insertFinishedUpload } from '../rows/upload.js';
import { currentObject, putCurrent } from '../rules/current-object.js';
import { findUpload, type PartName, uploadFlavour } from '../rules/find-upload.js';
import { requireFacts } from '../rules/in-bucket.js';
import { judgeParts, multipartChecksum, multipartEtag } from '../rules/multipart.js';
import { releaseUpload } from '../rules/release.js';
import { judgeWrite } from '../rules/write-conditions.js';
import type { Transaction, Tx } from '../tx.js';

export interface CompleteUploadArgs extends PartName {
  attempt: Attempt;
  conditions: WriteConditions;
  parts: { partNumber: number; etag: string; checksum: string | null }[];
  /** What the client says the whole object's checksum is. */
  expectedChecksum: string | null;
  expectedSizeBytes: number | null;
  nowMs: number;
}

/** Puts the listed parts together as the current version of the key. A repeat after success is given the same answer. */
export function* completeUpload(tx: Tx, args: CompleteUploadArgs): Transaction<ObjectVersion> {
  // 1. The upload; one that has finished answers as it did.
  yield* requireFacts(tx, args);
  const key = Buffer.from(args.key);
  const id = Buffer.from(args.uploadId);
  const finished = yield* tx.get(finishedUpload, [args.bucketId, key, id]);
  if (finished !== undefined) return JSON.parse(finished.answer) as ObjectVersion;
  const upload = yield* findUpload(tx, args);

  // 2. What the client lists is what was stored.
  const stored = yield* tx.all(partPage, [upload.number, 0, partNumberMax], partNumberMax);
  const parts = judgeParts(args.parts, stored);
  const sizeBytes = parts.reduce((sum, { size }) => sum + size, 0);
  if (args.expectedSizeBytes !== null && args.expectedSizeBytes !== sizeBytes) {
    throw new Refusal('request-invalid', 'The sizes of the parts do not add up to x-amz-mp-object-size.');
  }
  const checksum = multipartChecksum(uploadFlavour(upload), parts, args.expectedChecksum);
  const current = yield* currentObject(tx, args, key);
  judgeWrite(args.conditions, current?.etag ?? null);

  // 3. The slices change their owner, so no count changes; parts that are not listed become garbage.
  const versionNumber = yield* tx.nextNumber();
  let offset = 0;
  const placed = parts.map(({ owner, size }, index) => {
    offset += size;
    return [owner, index + 1, offset - size];
  });
  yield* tx.run(joinPartSlices, [versionNumber, JSON.stringify(placed)]);
  yield* tx.run(deleteSlicesOfOwners, [JSON.stringify(parts.map(({ owner }) => owner))]);
  yield* tx.run(deletePartsByNumber, [upload.number, JSON.stringify(parts.map(({ number }) => number))]);
  yield* releaseUpload(tx, args.bucketId, upload, args.nowMs);

  // 4. The name, and the answer for a repeat.
  const version: ObjectVersion = {
    ...(JSON.parse(upload.attributes) as ObjectAttributes),
    versionNumber,
    sizeBytes,
    etag: multipartEtag(parts),
    lastModifiedMs: args.nowMs,
    checksum,
    partCount: parts.length,
  };
  yield* putCurrent(tx, args.bucketId, key, version, current);
  yield* tx.run(insertFinishedUpload, [args.bucketId, key, id, JSON.stringify(version), args.nowMs]);
  return version;
}
