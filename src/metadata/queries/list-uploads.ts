import type { InBucket } from '../rules/in-bucket.js';
import type { UploadFlavour } from '../rules/find-upload.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ListUploadsArgs extends InBucket {
  prefix: string;
  delimiter: string;
  keyMarker: string;
  uploadIdMarker: string;
  limit: number;
}

export interface ListUploadsResult {
  uploads: { key: string; uploadId: string; initiatedMs: number; checksum: UploadFlavour | null }[];
  prefixes: string[];
  nextKeyMarker: string | null;
  nextUploadIdMarker: string | null;
}

// BODY
export function* listUploads(_tx: ReadTx, _args: ListUploadsArgs): Transaction<ListUploadsResult> {
  throw new AssertionFailure('not built yet');
}
