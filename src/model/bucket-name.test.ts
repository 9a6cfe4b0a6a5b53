import { describe, expect, it } from 'vitest';
import { isBucketName } from './bucket-name.js';

describe('a bucket name', () => {
  it.each(['abc', 'a1b', 'my.bucket-1', 'a'.repeat(63), '0ab', 'a.b.c'])('%s is good', (name) => {
    expect(isBucketName(name)).toBe(true);
  });

  it.each([
    '',
    'ab',
    'a'.repeat(64),
    'Abc',
    'a_b',
    'a..b',
    '-abc',
    'abc-',
    '.abc',
    'abc.',
    '192.168.0.1',
    'xn--abc',
    'sthree-abc',
    'abc-s3alias',
    'abc--x-s3',
    'a/b',
    'a b',
    '..',
    'ä-bucket',
    '__proto__',
  ])('%s is refused', (name) => {
    expect(isBucketName(name)).toBe(false);
  });
});
