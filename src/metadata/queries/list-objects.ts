import { must } from '../../base/must.js';
import { objectEnd, PackedObjects } from '../../model/listed-object.js';
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
  /** A packed list, see model/listed-object.ts. */
  objects: Buffer;
  objectCount: number;
  prefixes: string[];
  /** Goes into the next page's `startAfter`; null when this is the last. */
  nextStartAfter: string | null;
}

interface PackedRow {
  key: string;
  packed: Buffer;
}

export function* listObjects(tx: ReadTx, args: ListObjectsArgs): Transaction<ListObjectsResult> {
  yield* requireFacts(tx, args);
  const { prefix, delimiter, startAfter, limit } = args;
  if (limit === 0) return { objects: Buffer.alloc(0), objectCount: 0, prefixes: [], nextStartAfter: null };
  const end = behindPrefix(prefix);
  const skipped = commonPrefix(startAfter, prefix, delimiter);
  const start = { behind: skipped === null ? Buffer.from(startAfter) : behindPrefix(skipped) };
  if (delimiter === '') return plainPage(yield* fetch(start, limit + 1), limit);
  const page = yield* groupedPage({ prefix, delimiter, limit }, start, fetchRows, ({ key }) => key);
  const last = page.last;
  return {
    objects: Buffer.concat(page.rows.map((row) => row.packed)),
    objectCount: page.rows.length,
    prefixes: page.prefixes,
    nextStartAfter: last === null ? null : 'row' in last ? last.row.key : last.prefix,
  };

  function* fetchRows(position: Position<PackedRow>, rowsMax: number): Transaction<PackedRow[]> {
    const objects = new PackedObjects((yield* fetch(position, rowsMax)).packed);
    const rows: PackedRow[] = [];
    while (objects.next()) rows.push({ key: objects.key, packed: objects.packed });
    return rows;
  }

  function* fetch(position: Position<PackedRow>, rowsMax: number): Transaction<{ packed: Buffer; count: number }> {
    const after = 'row' in position ? Buffer.from(position.row.key) : position.behind;
    return must(yield* tx.get(objectPage, [args.bucketId, pageStart(prefix, after), end, rowsMax]), 'a list');
  }
}

/** Without a delimiter what was fetched is the page, and of its objects only the last is looked at. */
function plainPage({ packed, count }: { packed: Buffer; count: number }, limit: number): ListObjectsResult {
  if (count <= limit) return { objects: packed, objectCount: count, prefixes: [], nextStartAfter: null };
  const objects = packed.subarray(0, lastStart(packed));
  const last = new PackedObjects(objects.subarray(lastStart(objects)));
  last.next();
  return { objects, objectCount: limit, prefixes: [], nextStartAfter: last.key };
}

/** Where the last object of a packed list begins. */
function lastStart(packed: Buffer): number {
  return packed.lastIndexOf(objectEnd, packed.length - 2) + 1;
}
