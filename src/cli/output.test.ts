import { describe, expect, test } from 'vitest';
import { LatencyHistogram } from './latency-histogram.js';
import { formatAge, formatBytes, parseBytes, Table } from './output.js';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [5 * 1024 ** 3, '5.0 GiB'],
  [2 ** 60, '1024.0 PiB'],
])('%i bytes are shown as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  ['0', 0],
  ['100', 100],
  ['4k', 4096],
  ['4KiB', 4096],
  ['16 MiB', 16 * 1024 ** 2],
  ['2GB', 2 * 1024 ** 3],
  ['7b', 7],
])('%s is a size', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', '-1', '1.5M', '1e3', 'MiB', '1 PiB', '9'.repeat(20)])('%j is no size', (text) => {
  expect(() => parseBytes(text)).toThrow('is no size');
});

test('ages get coarser as they grow', () => {
  expect([-5, 1000, 119_000, 121_000, 7_200_000, 10 * 86_400_000].map(formatAge)).toEqual(['0 s', '1 s', '119 s', '2 min', '2 h', '10 d']);
});

test('a table keeps its columns over pages and shows its head once', () => {
  const table = new Table<[string, string]>(
    [
      { head: 'N', align: 'right', text: ([n]) => n },
      { head: 'NAME', text: ([, name]) => name },
      { head: 'MORE', wide: true, text: () => 'x' },
    ],
    { wide: false, head: true },
  );
  expect(table.write([])).toBe('');
  expect(table.write([['100', 'a']])).toBe('  N  NAME\n100  a\n');
  expect(table.write([['7', 'b']])).toBe('  7  b\n');
});

describe('the latency histogram', () => {
  test('gives quantiles within its 5 %', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms += 1) histogram.add(ms);
    const { count, minMs, meanMs, p50Ms, p99Ms, maxMs } = histogram.figures();
    expect([count, minMs, meanMs, maxMs]).toEqual([1000, 1, 500.5, 1000]);
    expect(Math.abs(p50Ms / 500 - 1)).toBeLessThan(0.05);
    expect(Math.abs(p99Ms / 990 - 1)).toBeLessThan(0.05);
    const rows = histogram.rows();
    expect(rows.reduce((sum, row) => sum + row.count, 0)).toBe(1000);
    expect(rows[0]!.count).toBeGreaterThan(0);
  });

  test('is empty without operations, and takes any duration', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.figures()).toMatchObject({ count: 0, p50Ms: 0, maxMs: 0 });
    expect(histogram.rows()).toEqual([]);
    for (const ms of [0, 1e-9, 1e9]) histogram.add(ms);
    expect(histogram.figures()).toMatchObject({ count: 3, minMs: 0, maxMs: 1e9 });
    expect(histogram.rows().reduce((sum, row) => sum + row.count, 0)).toBe(3);
  });
});
