import type { Attempt } from '../attempt.js';
import { findUpload, type PartName } from '../rules/find-upload.js';
import { releaseUpload } from '../rules/release.js';
import type { Transaction, Tx } from '../tx.js';

export interface AbortUploadArgs extends PartName {
  attempt: Attempt;
  nowMs: number;
}

export function* abortUpload(tx: Tx, args: AbortUploadArgs): Transaction<Record<string, never>> {
  yield* releaseUpload(tx, args.bucketId, yield* findUpload(tx, args), args.nowMs);
  return {};
}
