import { type PartChecksum, partPage } from '../rows/part.js';
import { findUpload, type PartName, type UploadFlavour, uploadFlavour } from '../rules/find-upload.js';
import type { ReadTx, Transaction } from '../tx.js';

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

export function* listParts(tx: ReadTx, args: ListPartsArgs): Transaction<ListPartsResult> {
  const upload = yield* findUpload(tx, args);
  const rows = yield* tx.all(partPage, [upload.number, args.afterPartNumber, args.limit + 1], args.limit + 1);
  const parts = rows.slice(0, args.limit).map(({ number, size, etag, checksum, modified_ms: lastModifiedMs }) => ({
    partNumber: number,
    sizeBytes: size,
    etag,
    lastModifiedMs,
    checksum: checksum === null || upload.algorithm === null ? null : { algorithm: upload.algorithm, value: checksum },
  }));
  const truncated = args.limit > 0 && rows.length > args.limit;
  return { parts, truncated, initiatedMs: upload.initiated_ms, checksum: uploadFlavour(upload) };
}
