import type { PartChecksum } from '../rows/part.js';
import { partByNumber, upsertPart } from '../rows/part.js';
import type { UploadRow } from '../rows/upload.js';
import { Refusal } from '../../model/refusal.js';
import type { Transaction, Tx } from '../tx.js';
import { release } from './release.js';

export interface NewPart {
  partNumber: number;
  sizeBytes: number;
  etag: string;
  checksum: PartChecksum | null;
  nowMs: number;
}

/** Refuses a checksum of another algorithm than the upload's. */
export function judgePartChecksum(upload: UploadRow, checksum: PartChecksum | null): void {
  // An upload without an algorithm still keeps what a part's client named: it may name it again when it completes.
  if (checksum !== null && upload.algorithm !== null && checksum.algorithm !== upload.algorithm) {
    throw new Refusal('request-invalid', 'The checksum is not of the algorithm that the upload was begun with.');
  }
}

/** Puts a part into its upload; the one that had its number is released. */
export function* putPart(tx: Tx, upload: UploadRow, owner: number, part: NewPart): Transaction<void> {
  const { partNumber, sizeBytes, etag, checksum, nowMs } = part;
  const replaced = yield* tx.get(partByNumber, [upload.number, partNumber]);
  yield* tx.run(upsertPart, [upload.number, partNumber, owner, sizeBytes, etag, checksum?.value ?? null, nowMs]);
  if (replaced !== undefined) yield* release(tx, [replaced.owner], nowMs);
}
