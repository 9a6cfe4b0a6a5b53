import { must } from '../../base/must.js';
import { packedKey } from '../../model/listed-object.js';
import { objectPage } from '../rows/object.js';
import { behindPrefix, commonPrefix, groupedPage, pageStart, type Position } from '../rules/grouped-page.js';
import { type InBucket, requireFacts } from '../rules/in-bucket.js';
import type { ReadTx, Transaction } from '../tx.js';

export interface ListObjectsArgs extends InBucket {
  prefix: string;
  delimiter: string;
  /** Only what sorts after it, as bytes; common prefixes up to it are left out. */
  startAfter: string;
  limit: number;
}

export interface ListObjectsResult {
  /** Packed, see model/listed-object.ts. */
  objects: string[];
  prefixes: string[];
  /** Goes into the next page's `startAfter`; null when this is the last. */
  nextStartAfter: string | null;
}

export function* listObjects(tx: ReadTx, args: ListObjectsArgs): Transaction<ListObjectsResult> {
  yield* requireFacts(tx, args);
  const { prefix, delimiter, startAfter, limit } = args;
  const end = behindPrefix(prefix);
  const skipped = commonPrefix(startAfter, prefix, delimiter);
  const start = { behind: skipped === null ? Buffer.from(startAfter) : behindPrefix(skipped) };
  const page = yield* groupedPage({ prefix, delimiter, limit }, start, fetch, packedKey);
  const last = page.last;
  return {
    objects: page.rows,
    prefixes: page.prefixes,
    nextStartAfter: last === null ? null : 'row' in last ? packedKey(last.row) : last.prefix,
  };

  function* fetch(position: Position<string>, rowsMax: number): Transaction<string[]> {
    const after = 'row' in position ? Buffer.from(packedKey(position.row)) : position.behind;
    const row = yield* tx.get(objectPage, [args.bucketId, pageStart(prefix, after), end, rowsMax]);
    return JSON.parse(must(row, 'a list').packed) as string[];
  }
}
