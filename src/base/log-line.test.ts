import { expect, test } from 'vitest';
import { readableLine } from './log-line.js';

const common = { level: 40, time: '2026-01-02T12:01:02.345Z', role: 'datanode' };

test.each([
  [JSON.stringify({ ...common, msg: 'late', path: '/x', n: 2 }), '12:01:02 node-2 warn  late (path=/x n=2)'],
  [JSON.stringify({ ...common, msg: 'failed', err: { message: 'disk full', stack: 'at …' } }), '12:01:02 node-2 warn  failed (disk full)'],
  [JSON.stringify({ ...common, level: 30, msg: 'up' }), '12:01:02 node-2 info  up'],
  ['a stack trace', 'node-2: a stack trace'],
  ['null', 'node-2: null'],
  ['{"no":"message"}', 'node-2: {"no":"message"}'],
])('a person reads %s as %s', (line, readable) => {
  expect(readableLine('node-2', line)).toBe(readable);
});
