import type { PartName, UploadFlavour } from '../rules/find-upload.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface GetUploadArgs extends PartName {}

export interface GetUploadResult {
  initiatedMs: number;
  checksum: UploadFlavour | null;
}

// BODY
export function* getUpload(_tx: ReadTx, _args: GetUploadArgs): Transaction<GetUploadResult> {
  throw new AssertionFailure('not built yet');
}
