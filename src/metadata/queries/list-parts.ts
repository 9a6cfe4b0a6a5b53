import type { PartChecksum } from '../rows/part.js';
import type { PartName, UploadFlavour } from '../rules/find-upload.js';
import type { ReadTx, Transaction } from '../tx.js';
import { AssertionFailure } from '../../base/assert.js';

export interface ListPartsArgs extends PartName {
  afterPartNumber: number;
  limit: number;
}

export interface ListPartsResult {
  parts: { partNumber: number; sizeBytes: number; etag: string; lastModifiedMs: number; checksum: PartChecksum | null }[];
  truncated: boolean;
  initiatedMs: number;
  checksum: UploadFlavour | null;
}

// BODY
export function* listParts(_tx: ReadTx, _args: ListPartsArgs): Transaction<ListPartsResult> {
  throw new AssertionFailure('not built yet');
}
