import type { WrittenChunk } from '../../model/chunk.js';
import type { Attempt } from '../attempt.js';
import type { PartChecksum } from '../rows/part.js';
import { findUpload, type PartName } from '../rules/find-upload.js';
import { judgePartChecksum, putPart } from '../rules/put-part.js';
import type { Quorum } from '../rules/receipts.js';
import { storeBody } from '../rules/store-body.js';
import type { Transaction, Tx } from '../tx.js';

export interface CommitPartArgs extends PartName, Quorum {
  attempt: Attempt;
  partNumber: number;
  sizeBytes: number;
  etag: string;
  /** Of the part alone, in the upload's algorithm. */
  checksum: PartChecksum | null;
  chunks: WrittenChunk[];
  nowMs: number;
}

export interface CommitPartResult {
  lastModifiedMs: number;
}

/** From here on the part keeps its body. Fails when the upload is gone. */
export function* commitPart(tx: Tx, args: CommitPartArgs): Transaction<CommitPartResult> {
  const upload = yield* findUpload(tx, args);
  judgePartChecksum(upload, args.checksum);
  const owner = yield* tx.nextNumber();
  yield* storeBody(tx, owner, args);
  yield* putPart(tx, upload, owner, args);
  return { lastModifiedMs: args.nowMs };
}
