import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { IdMap } from './id-map.js';

/** Far enough from each other to meet in the slots of a small table, as ids that follow each other do not. */
const ids = [...Array.from({ length: 24 }, (_, n) => (n + 1) ** 2 * 977), 1, 2, 2 ** 31, 2 ** 32 - 1, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
const id = fc.constantFrom(...ids);
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('set' as const), id, value: fc.option(fc.nat(), { nil: undefined }) }) },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
);

function sorted(values: (number | undefined)[]): number[] {
  return values.map((value) => value ?? -1).toSorted((a, b) => a - b);
}

test('holds what a Map holds, whatever comes and goes, also ids that share a slot and values that are undefined', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 60, maxLength: 200 }), (steps) => {
      const map = new Map<number, number | undefined>();
      const idMap = new IdMap<number | undefined>();
      for (const one of steps) {
        if (one.kind === 'set') {
          map.set(one.id, one.value);
          idMap.set(one.id, one.value);
        } else if (one.kind === 'delete') expect(idMap.delete(one.id)).toBe(map.delete(one.id));
        else {
          map.clear();
          idMap.clear();
        }
        expect(idMap.size).toBe(map.size);
      }
      for (const each of ids) {
        expect(idMap.has(each)).toBe(map.has(each));
        expect(idMap.get(each)).toBe(map.get(each));
      }
      expect(sorted(idMap.values())).toEqual(sorted([...map.values()]));
    }),
  );
});

test('keeps every entry when it grows', () => {
  const map = new IdMap<string>();
  for (let id = 1; id <= 10_000; id += 1) map.set(id * 7, `value ${id}`);
  for (let id = 1; id <= 10_000; id += 1) expect(map.get(id * 7)).toBe(`value ${id}`);
  expect(map.size).toBe(10_000);
});

test('deletes the oldest of many that follow each other without a walk through the others', () => {
  const inFlight = 1024;
  const reads = { count: 0 };
  const map = new IdMap<number>();
  for (let id = 1; id <= inFlight; id += 1) map.set(id, id);
  const imul = vi.spyOn(Math, 'imul').mockImplementation((a, b) => {
    reads.count += 1;
    return Number(BigInt.asIntN(32, BigInt(a) * BigInt(b)));
  });
  for (let id = 1; id <= inFlight; id += 1) {
    map.set(inFlight + id, id);
    map.delete(id);
  }
  imul.mockRestore();
  // two for the searches, the rest for those that stand behind a hole
  expect(reads.count / inFlight).toBeLessThan(6);
});

test('lets its entries be deleted while they are looked at', () => {
  const map = new IdMap<number>();
  for (let id = 1; id <= 100; id += 1) map.set(id, id);
  const seen = map.values();
  for (const id of seen) map.delete(id);
  expect(seen).toHaveLength(100);
  expect(map.size).toBe(0);
});
