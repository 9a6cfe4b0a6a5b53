import { describe, expect, it } from 'vitest';
import { objectReadHeaders, planObjectRead } from './object-read.js';

const facts = { id: 'any', lengthBytes: 10, crc32c: 0xab };
const etag = '"000000ab-a"';
const whole = { startBytes: 0, endBytes: 10 };

describe('a read of an object', () => {
  it.each([
    [{}, 200, whole, undefined],
    [{ range: 'bytes=2-5' }, 206, { startBytes: 2, endBytes: 6 }, 'bytes 2-5/10'],
    [{ range: 'bytes=-3' }, 206, { startBytes: 7, endBytes: 10 }, 'bytes 7-9/10'],
    [{ range: 'bytes=0-1,4-5' }, 200, whole, undefined],
    [{ range: 'bytes=10-' }, 416, null, 'bytes */10'],
    [{ range: 'bytes=2-5', 'if-range': etag }, 206, { startBytes: 2, endBytes: 6 }, 'bytes 2-5/10'],
    [{ range: 'bytes=2-5', 'if-range': `W/${etag}` }, 200, whole, undefined],
    [{ range: 'bytes=10-', 'if-range': '"other"' }, 200, whole, undefined],
    [{ 'if-none-match': `"other", W/${etag}` }, 304, null, undefined],
    [{ 'if-none-match': '*', range: 'bytes=10-' }, 304, null, undefined],
    [{ 'if-none-match': '"other"' }, 200, whole, undefined],
  ])('with %j is answered with %i', (given, status, range, contentRange) => {
    const plan = planObjectRead(facts, objectReadHeaders(given));
    expect(plan).toMatchObject({ status, range });
    expect(plan.headers['content-range']).toBe(contentRange);
    expect(plan.headers['etag']).toBe(status === 416 ? undefined : etag);
    expect(plan.headers['content-length']).toBe(plan.range ? String(plan.range.endBytes - plan.range.startBytes) : undefined);
  });

  it('of nothing has no range', () => {
    const empty = { ...facts, lengthBytes: 0 };
    expect(planObjectRead(empty, objectReadHeaders({}))).toMatchObject({ status: 200, headers: { 'content-length': '0' } });
    expect(planObjectRead(empty, objectReadHeaders({ range: 'bytes=0-' })).status).toBe(416);
  });
});
