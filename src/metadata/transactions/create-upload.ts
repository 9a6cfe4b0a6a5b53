import type { ObjectAttributes } from '../../model/object.js';
import type { Attempt } from '../attempt.js';
import { insertUpload } from '../rows/upload.js';
import type { UploadFlavour } from '../rules/find-upload.js';
import { type InBucket, requireFacts } from '../rules/in-bucket.js';
import type { Transaction, Tx } from '../tx.js';

export interface CreateUploadArgs extends InBucket, ObjectAttributes {
  attempt: Attempt;
  key: string;
  /** Fresh and opaque; later ones should sort later (UUID version 7). */
  uploadId: string;
  checksum: UploadFlavour | null;
  nowMs: number;
}

export interface CreateUploadResult {
  uploadId: string;
  initiatedMs: number;
}

export function* createUpload(tx: Tx, args: CreateUploadArgs): Transaction<CreateUploadResult> {
  yield* requireFacts(tx, args);
  const { headers, userMetadata, checksum, uploadId, nowMs } = args;
  yield* tx.run(insertUpload, [
    args.bucketId,
    Buffer.from(args.key),
    Buffer.from(uploadId),
    yield* tx.nextNumber(),
    nowMs,
    JSON.stringify({ headers, userMetadata }),
    checksum?.algorithm ?? null,
    checksum?.type ?? null,
  ]);
  yield* tx.bump('uploads', 1);
  return { uploadId, initiatedMs: nowMs };
}
