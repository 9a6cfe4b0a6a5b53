import type { ObjectAttributes } from '../../model/object.js';
import type { Attempt } from '../attempt.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { UploadFlavour } from '../rules/find-upload.js';
import type { Tx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

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

// BODY
export function* createUpload(_tx: Tx, _args: CreateUploadArgs): Transaction<CreateUploadResult> {
  throw new AssertionFailure('not built yet');
}
