import type { ChecksumAlgorithm, ChecksumType } from '../../model/object.js';
import { Refusal } from '../../model/refusal.js';
import { uploadByName, type UploadRow } from '../rows/upload.js';
import type { ReadTx, Transaction } from '../tx.js';
import { requireFacts, type InBucket } from './in-bucket.js';

/** An upload is named by all three: an id alone opens nothing in another bucket. */
export interface PartName extends InBucket {
  key: string;
  uploadId: string;
}

/** Which checksum an upload's parts carry, and how the object's comes from them. */
export interface UploadFlavour {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
}

export function* findUpload(tx: ReadTx, name: PartName): Transaction<UploadRow> {
  yield* requireFacts(tx, name);
  const row = yield* tx.get(uploadByName, [name.bucketId, Buffer.from(name.key), Buffer.from(name.uploadId)]);
  if (row === undefined) throw new Refusal('no-such-upload');
  return row;
}

export function uploadFlavour(row: Pick<UploadRow, 'algorithm' | 'type'>): UploadFlavour | null {
  return row.algorithm === null || row.type === null ? null : { algorithm: row.algorithm, type: row.type };
}
