import { must } from '../../base/must.js';
import { type ListedObject, objectPage, unpackFacts } from '../rows/object.js';
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
  objects: ListedObject[];
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
  const page = yield* groupedPage({ prefix, delimiter, limit }, start, fetch, ({ key }) => key);
  const last = page.last;
  return {
    objects: page.rows,
    prefixes: page.prefixes,
    nextStartAfter: last === null ? null : 'row' in last ? last.row.key : last.prefix,
  };

  function* fetch(position: Position<Pick<ListedObject, 'key'>>, rowsMax: number): Transaction<ListedObject[]> {
    const after = 'row' in position ? Buffer.from(position.row.key) : position.behind;
    const row = yield* tx.get(objectPage, [args.bucketId, pageStart(prefix, after), end, rowsMax]);
    return (JSON.parse(must(row, 'a list').packed) as string[]).map(unpackListed);
  }
}

function unpackListed(packed: string): ListedObject {
  const { end, sizeBytes, etag, lastModifiedMs, checksum } = unpackFacts(packed);
  return { key: packed.slice(end), sizeBytes, etag, lastModifiedMs, checksum };
}
