import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeKey, type KeyState, type Step } from './linearizability.js';

function put(value: KeyState, startMs: number, endMs: number | null): Step {
  return { name: `put ${value}`, startMs, endMs, requires: null, becomes: value };
}

function get(value: KeyState, startMs: number, endMs: number): Step {
  return { name: `get ${value}`, startMs, endMs, requires: { is: value } };
}

function create(value: string): Step {
  return { name: `create ${value}`, startMs: 0, endMs: 5, requires: { is: null }, becomes: value };
}

function verdict(...steps: Step[]): string {
  return judgeKey(steps).kind;
}

test('a read sees the write before it', () => {
  expect(verdict(put('a', 0, 1), get('a', 2, 3))).toBe('linearizable');
});

test('a lost write is a violation', () => {
  expect(verdict(put('a', 0, 1), get(null, 2, 3))).toBe('violation');
});

test('an older value after a newer one was read is a violation', () => {
  expect(verdict(put('a', 0, 1), put('b', 2, 10), get('b', 3, 4), get('a', 5, 6))).toBe('violation');
  expect(verdict(put('a', 0, 1), put('b', 2, 10), get('a', 3, 4), get('b', 5, 6))).toBe('linearizable');
});

test('a deleted key that comes back is a violation', () => {
  expect(verdict(put('a', 0, 1), put(null, 2, 3), get('a', 4, 5))).toBe('violation');
});

test('an unknown outcome may be seen, or not, but not taken back', () => {
  expect(verdict(put('a', 0, 1), put('b', 2, null), get('a', 3, 4), get('b', 50, 60))).toBe('linearizable');
  expect(verdict(put('a', 0, 1), put('b', 2, null), get('a', 3, 4))).toBe('linearizable');
  expect(verdict(put('a', 0, 1), put('b', 2, null), get('b', 3, 4), get('a', 50, 60))).toBe('violation');
});

test('an effect before its start is a violation', () => {
  expect(verdict(get('a', 0, 1), put('a', 2, null))).toBe('violation');
});

test('two conditional creations cannot both have won', () => {
  expect(verdict(create('a'), create('b'))).toBe('violation');
  expect(verdict(create('a'), { ...create('b'), requires: { isNot: null }, becomes: 'b' })).toBe('linearizable');
});

test('a refused condition must have failed at some moment', () => {
  const refused: Step = { name: 'create refused', startMs: 2, endMs: 3, requires: { isNot: null } };
  expect(verdict(put('a', 0, 1), refused)).toBe('linearizable');
  expect(verdict(refused)).toBe('violation');
});

/** Steps of a true register: each takes effect at a moment that is drawn inside its interval. */
const trueHistory = fc.array(
  fc.record({
    momentMs: fc.integer({ min: 1, max: 1000 }),
    beforeMs: fc.integer({ min: 0, max: 40 }),
    afterMs: fc.integer({ min: 0, max: 40 }),
    action: fc.constantFrom('read', 'write', 'delete', 'create', 'unknown'),
  }),
  { maxLength: 60 },
);

test('every history of one true copy is linearizable', () => {
  fc.assert(
    fc.property(trueHistory, (drawn) => {
      let state: KeyState = null;
      const steps = drawn
        .map((one, index) => ({ ...one, momentMs: one.momentMs + index / 1000, index }))
        .toSorted((a, b) => a.momentMs - b.momentMs)
        .map(({ momentMs, beforeMs, afterMs, action, index }): Step => {
          const interval = { startMs: momentMs - beforeMs, endMs: momentMs + afterMs };
          const value = `v${index}`;
          if (action === 'read') return { name: 'read', ...interval, requires: { is: state } };
          if (action === 'create' && state !== null) return { name: 'create refused', ...interval, requires: { isNot: null } };
          const requires = action === 'create' ? { is: null } : null;
          state = action === 'delete' ? null : value;
          return { name: action, ...interval, requires, becomes: state, ...(action === 'unknown' && { endMs: null }) };
        });
      expect(judgeKey(steps).kind).toBe('linearizable');
    }),
    { numRuns: 300 },
  );
});
