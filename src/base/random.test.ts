import { expect, it } from 'vitest';
import { systemRandom } from './random.js';

it('gives no byte twice, also where one pool ends and the next begins', () => {
  const given = Array.from({ length: 3000 }, () => systemRandom.bytes(13));
  const texts = new Set(given.map((bytes) => bytes.toString('hex')));
  expect(texts.size).toBe(3000);
  expect(given.every((bytes) => bytes.length === 13)).toBe(true);
  given[0]!.fill(0);
  expect(texts.has(given[1]!.toString('hex'))).toBe(true);
});

it('gives more than a pool holds', () => {
  expect(systemRandom.bytes(100_000).length).toBe(100_000);
});
