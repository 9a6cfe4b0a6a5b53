import type { ManifestPage, ObjectVersion } from '../../model/object.js';
import type { InBucket } from '../rules/in-bucket.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface LookupObjectArgs extends InBucket {
  key: string;
  /** The manifest begins at that part, counted from 1 in the order of the object. */
  partNumber: number | null;
}

export interface LookupObjectResult {
  version: ObjectVersion;
  /** The byte range of the asked part in the object, else null. */
  part: { offsetBytes: number; sizeBytes: number } | null;
  manifest: ManifestPage;
}

// BODY
export function* lookupObject(_tx: ReadTx, _args: LookupObjectArgs): Transaction<LookupObjectResult> {
  throw new AssertionFailure('not built yet');
}
