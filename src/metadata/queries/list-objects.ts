import type { InBucket } from '../rules/in-bucket.js';
import type { ListedObject } from '../rows/object.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ListObjectsArgs extends InBucket {
  prefix: string;
  delimiter: string;
  /** Only what sorts after it, as bytes; common prefixes up to it are left out. */
  startAfter: string;
  limit: number;
}

export interface ListObjectsResult {
  objects: ListedObject[];
  prefixes: string[];
  /** Goes into the next page's `startAfter`; null when this is the last. */
  nextStartAfter: string | null;
}

// BODY
export function* listObjects(_tx: ReadTx, _args: ListObjectsArgs): Transaction<ListObjectsResult> {
  throw new AssertionFailure('not built yet');
}
