import type { ManifestPage } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import { versionExists } from '../rows/object.js';
import { manifestPage } from '../rules/manifest.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface ReadManifestArgs {
  versionNumber: number;
  offsetBytes: number;
}

/** The manifest from an offset on. An overwritten version is found until its garbage is worked off. */
export function* readManifest(tx: ReadTx, args: ReadManifestArgs): Transaction<ManifestPage> {
  if ((yield* tx.get(versionExists, [args.versionNumber])) === undefined) throw new Refusal('no-such-key');
  return yield* manifestPage(tx, args.versionNumber, args.offsetBytes);
}
