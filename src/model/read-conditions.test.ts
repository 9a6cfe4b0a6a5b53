import { describe, expect, it } from 'vitest';
import { judgeRead, type ReadConditions } from './read-conditions.js';

const none: ReadConditions = { ifMatch: null, ifNoneMatch: null, ifModifiedSinceMs: null, ifUnmodifiedSinceMs: null };
const subject = { etag: 'e1', lastModifiedMs: 10_400 };

describe('read conditions', () => {
  it('let everything pass when there are none', () => {
    expect(judgeRead(none, subject)).toBe('proceed');
  });

  it.each([
    [{ ifMatch: 'e1' }, 'proceed'],
    [{ ifMatch: '*' }, 'proceed'],
    [{ ifMatch: 'e0,e1' }, 'proceed'],
    [{ ifMatch: 'e0' }, 'failed'],
    [{ ifNoneMatch: 'e1' }, 'not-modified'],
    [{ ifNoneMatch: '*' }, 'not-modified'],
    [{ ifNoneMatch: 'e0' }, 'proceed'],
    [{ ifUnmodifiedSinceMs: 9_000 }, 'failed'],
    [{ ifUnmodifiedSinceMs: 10_000 }, 'proceed'],
    [{ ifModifiedSinceMs: 10_000 }, 'not-modified'],
    [{ ifModifiedSinceMs: 9_000 }, 'proceed'],
  ] as const)('%j answers %s', (conditions, verdict) => {
    expect(judgeRead({ ...none, ...conditions }, subject)).toBe(verdict);
  });

  it('look at dates only where no ETag condition of the same kind stands', () => {
    expect(judgeRead({ ...none, ifMatch: 'e1', ifUnmodifiedSinceMs: 1_000 }, subject)).toBe('proceed');
    expect(judgeRead({ ...none, ifNoneMatch: 'e0', ifModifiedSinceMs: 20_000 }, subject)).toBe('proceed');
  });
});
