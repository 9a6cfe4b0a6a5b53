import type { Transaction } from '../tx.js';

/*
 * One page of a list with common prefixes. Keys are read in batches; as soon as a batch ends inside a common prefix the
 * next one begins behind that prefix, so a folder of a million keys costs one more seek and not a million rows.
 * Keys are valid UTF-8, so the byte 0xFF sorts behind whatever begins with the same bytes.
 */

export interface GroupedRange {
  prefix: string;
  /** Empty: no common prefixes. */
  delimiter: string;
  /** Rows and common prefixes together. */
  limit: number;
}

export interface GroupedPage<Row> {
  rows: Row[];
  prefixes: string[];
  /** The row or the common prefix that the page ends with; where the next page starts. Null at the end of the list. */
  last: { row: Row } | { prefix: string } | null;
}

/** Where reading goes on: behind a row, or behind all that begins with a prefix. */
export type Position<At> = { row: At } | { behind: Buffer };

const batchRowsFirst = 32;
const batchRowsMin = 4;

export function* groupedPage<Row extends At, At>(
  range: GroupedRange,
  start: Position<At>,
  fetch: (position: Position<At>, limit: number) => Transaction<Row[]>,
  keyOf: (row: Row) => string,
): Transaction<GroupedPage<Row>> {
  const { prefix, delimiter, limit } = range;
  if (delimiter === '') return yield* plainPage(start, limit, fetch);
  const page: GroupedPage<Row> = { rows: [], prefixes: [], last: null };
  let position: Position<At> = start;
  let group: string | null = null;
  let last: GroupedPage<Row>['last'] = null;
  let batchRows = batchRowsFirst;
  if (limit === 0) return page;
  let room = limit;
  for (;;) {
    const asked = Math.max(batchRowsMin, Math.min(batchRows, room + 1));
    const batch = yield* fetch(position, asked);
    let wasted = 0;
    for (const row of batch) {
      const key = keyOf(row);
      if (group !== null && key.startsWith(group)) {
        wasted += 1;
        continue;
      }
      if (room === 0) return { ...page, last };
      room -= 1;
      group = commonPrefix(key, prefix, delimiter);
      if (group === null) {
        page.rows.push(row);
        last = { row };
      } else {
        page.prefixes.push(group);
        last = { prefix: group };
      }
    }
    if (batch.length < asked) return page;
    position = group === null ? { row: batch.at(-1)! } : { behind: behindPrefix(group) };
    batchRows = wasted * 2 > batch.length ? Math.max(batchRowsMin, batchRows >> 2) : batchRows * 2;
  }
}

/** Without a delimiter one batch is the page, and no key is looked at. */
function* plainPage<Row extends At, At>(
  start: Position<At>,
  limit: number,
  fetch: (position: Position<At>, limit: number) => Transaction<Row[]>,
): Transaction<GroupedPage<Row>> {
  if (limit === 0) return { rows: [], prefixes: [], last: null };
  const rows = yield* fetch(start, limit + 1);
  if (rows.length <= limit) return { rows, prefixes: [], last: null };
  rows.length = limit;
  return { rows, prefixes: [], last: { row: rows.at(-1)! } };
}

/** The key up to and with the first delimiter behind the prefix; null where there is none. */
export function commonPrefix(key: string, prefix: string, delimiter: string): string | null {
  if (delimiter === '' || !key.startsWith(prefix)) return null;
  const at = key.indexOf(delimiter, prefix.length);
  return at === -1 ? null : key.slice(0, at + delimiter.length);
}

/** The lowest key that begins with the prefix, or else sorts behind `after`. One bound, since SQLite seeks to one only. */
export function pageStart(prefix: string, after: Buffer): Buffer {
  const first = Buffer.from(prefix);
  const next = Buffer.concat([after, lowestByte]);
  return after.length > 0 && Buffer.compare(next, first) > 0 ? next : first;
}

const lowestByte = Buffer.from([0]);
const highestByte = Buffer.from([0xff]);

/** Sorts behind all keys that begin with the prefix, before all others that sort behind it. */
export function behindPrefix(prefix: string): Buffer {
  return Buffer.concat([Buffer.from(prefix), highestByte]);
}
