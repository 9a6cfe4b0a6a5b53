import type { ManifestPage, ObjectVersion } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import { partRange } from '../rows/slice.js';
import { visibleVersion } from '../rules/current-object.js';
import type { InBucket } from '../rules/in-bucket.js';
import { manifestPage } from '../rules/manifest.js';
import type { ReadTx, Transaction } from '../tx.js';

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

/** All that a reader needs in one trip: the version, its headers, its manifest. */
export function* lookupObject(tx: ReadTx, args: LookupObjectArgs): Transaction<LookupObjectResult> {
  const version = yield* visibleVersion(tx, args, args.key);
  const part = args.partNumber === null ? null : yield* findPart(tx, version, args.partNumber);
  return { version, part, manifest: yield* manifestPage(tx, version.versionNumber, part?.offsetBytes ?? 0) };
}

function* findPart(tx: ReadTx, version: ObjectVersion, partNumber: number): Transaction<LookupObjectResult['part']> {
  if (partNumber > (version.partCount ?? 1)) throw new Refusal('part-number-unsatisfiable');
  if (version.partCount === null) return { offsetBytes: 0, sizeBytes: version.sizeBytes };
  const range = yield* tx.get(partRange, [version.versionNumber, partNumber]);
  // Only a last part can be empty, and then it has no slice.
  const { begins, ends } = range ?? { begins: null, ends: null };
  if (begins === null || ends === null) return { offsetBytes: version.sizeBytes, sizeBytes: 0 };
  return { offsetBytes: begins, sizeBytes: ends - begins };
}
