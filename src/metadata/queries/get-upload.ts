import { findUpload, type PartName, type UploadFlavour, uploadFlavour } from '../rules/find-upload.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface GetUploadResult {
  initiatedMs: number;
  checksum: UploadFlavour | null;
}

export function* getUpload(tx: ReadTx, args: PartName): Transaction<GetUploadResult> {
  const upload = yield* findUpload(tx, args);
  return { initiatedMs: upload.initiated_ms, checksum: uploadFlavour(upload) };
}
