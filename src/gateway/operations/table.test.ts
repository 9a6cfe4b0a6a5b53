import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { must } from '../../base/must.js';
import { Refusal, refusals } from '../../model/refusal.js';
import { detect } from '../../s3/detect.js';
import { bucketSettings, objectSettings } from '../../s3/operations.js';
import { HeaderLines, parseRequest } from '../../s3/raw-request.js';
import { bucketSetting, objectSetting } from '../../s3/settings.js';
import { refuseUnsupportedHeaders } from '../../s3/unsupported-headers.js';
import { operationTable } from './table.js';

/* docs/compatibility.md says what the code does: each row of its tables is held against it. */

const page = readFileSync(new URL('../../../docs/compatibility.md', import.meta.url), 'utf8');

/** The cells of a section's table, without its two head lines. */
function rowsOf(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  const lines = must(section, heading)
    .split('\n')
    .filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const bare = (cell: string | undefined): string => must(cell, 'a cell').replaceAll('`', '');

/** `404 NoSuchTagSet`, or `200` when nothing was refused. */
function answerOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, s3 } = refusals[error.code];
    return `${status} ${s3}`;
  }
  return '200';
}

describe('docs/compatibility.md', () => {
  it('has a row for each operation, and no other', () => {
    const told = rowsOf('Operations').map(([name]) => bare(name));
    expect(told.toSorted()).toEqual(Object.keys(operationTable).toSorted());
  });

  it('has a row for each setting, with its answer', () => {
    const told = rowsOf('Settings that can only be read').map(([of, name, answer]) => `${of} ${bare(name)}: ${bare(answer).split(',')[0]}`);
    const buckets = bucketSettings.map((name) => `bucket ${name}: ${answerOf(() => bucketSetting(name))}`);
    const objects = objectSettings.map((name) => `object ${name}: ${answerOf(() => objectSetting(name))}`);
    expect(told).toEqual([...buckets, ...objects]);
  });

  it.each(rowsOf('Operations that are refused'))('%s: %s is refused with %s', (_name, request, answer) => {
    const [method = '', rawTarget = ''] = bare(request).split(' ');
    const parsed = parseRequest({ method, rawTarget, rawHeaders: ['host', 'h'] });
    expect(answerOf(() => detect(parsed, null))).toBe(bare(answer));
  });

  it.each(rowsOf('Headers that are refused'))('%s is refused, but for %s', (header, accepted) => {
    const name = bare(header).replace('*', 'x');
    const refuses = (value: string): string => answerOf(() => refuseUnsupportedHeaders(new HeaderLines([name, value])));
    expect(refuses('something')).toBe('501 NotImplemented');
    const harmless = must(accepted, 'a cell').matchAll(/`([^`]+)`/g);
    for (const [, value] of harmless) expect(refuses(must(value, 'a value')), value).toBe('200');
    expect(refuses('')).toBe(accepted === 'none but the empty one' ? '200' : '501 NotImplemented');
  });
});
