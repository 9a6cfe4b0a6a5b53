import { uploadPage, type UploadRow } from '../rows/upload.js';
import { type UploadFlavour, uploadFlavour } from '../rules/find-upload.js';
import { behindPrefix, commonPrefix, groupedPage, type Position } from '../rules/grouped-page.js';
import { type InBucket, requireFacts } from '../rules/in-bucket.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface ListUploadsArgs extends InBucket {
  prefix: string;
  delimiter: string;
  keyMarker: string;
  uploadIdMarker: string;
  limit: number;
}

export interface ListUploadsResult {
  uploads: { key: string; uploadId: string; initiatedMs: number; checksum: UploadFlavour | null }[];
  prefixes: string[];
  nextKeyMarker: string | null;
  nextUploadIdMarker: string | null;
}

/** In the order of key and upload id. Without an upload id the marker's key is skipped whole. */
export function* listUploads(tx: ReadTx, args: ListUploadsArgs): Transaction<ListUploadsResult> {
  yield* requireFacts(tx, args);
  const { prefix, delimiter, keyMarker, uploadIdMarker, limit } = args;
  const first = Buffer.from(prefix);
  const end = behindPrefix(prefix);
  const skipped = commonPrefix(keyMarker, prefix, delimiter);
  const page = yield* groupedPage({ prefix, delimiter, limit }, startOf(), fetch, ({ key }) => key.toString());
  const last = page.last;
  return {
    uploads: page.rows.map((row) => ({
      key: row.key.toString(),
      uploadId: row.id.toString(),
      initiatedMs: row.initiated_ms,
      checksum: uploadFlavour(row),
    })),
    prefixes: page.prefixes,
    nextKeyMarker: last === null ? null : 'row' in last ? last.row.key.toString() : last.prefix,
    nextUploadIdMarker: last !== null && 'row' in last ? last.row.id.toString() : null,
  };

  function startOf(): Position<UploadMark> {
    if (skipped !== null) return { behind: behindPrefix(skipped) };
    const marker = Buffer.from(keyMarker);
    if (Buffer.compare(marker, first) < 0) return { row: { key: first, id: Buffer.alloc(0) } };
    // Ids are text, so none sorts behind this byte.
    return { row: { key: marker, id: uploadIdMarker === '' ? highestByte : Buffer.from(uploadIdMarker) } };
  }

  function* fetch(position: Position<UploadMark>, rowsMax: number): Transaction<UploadRow[]> {
    const { key, id } = 'row' in position ? position.row : { key: position.behind, id: highestByte };
    return yield* tx.all(uploadPage, [args.bucketId, key, id, end, rowsMax], rowsMax);
  }
}

type UploadMark = Pick<UploadRow, 'key' | 'id'>;

const highestByte = Buffer.from([0xff]);
