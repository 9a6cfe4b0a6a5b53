import type { ManifestPage } from '../../model/object.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ReadManifestArgs {
  versionNumber: number;
  offsetBytes: number;
}

// BODY
export function* readManifest(_tx: ReadTx, _args: ReadManifestArgs): Transaction<ManifestPage> {
  throw new AssertionFailure('not built yet');
}
