import { describe, expect, it } from 'vitest';
import { BufferPool } from './buffer-pool.js';

describe('a buffer pool', () => {
  it('hands out a buffer again that came back, whole, whatever view of it came', () => {
    const pool = new BufferPool(1024, 2);
    const first = pool.take();
    pool.giveBack(first.subarray(100, 200));
    const second = pool.take();
    expect(second.buffer).toBe(first.buffer);
    expect(second.length).toBe(1024);
  });

  it('never hands out a buffer that is still lent', () => {
    const pool = new BufferPool(16, 2);
    const lent = [pool.take(), pool.take(), pool.take()];
    expect(new Set(lent.map(({ buffer }) => buffer)).size).toBe(3);
  });

  it('takes a buffer back once, however often it is given', () => {
    const pool = new BufferPool(16, 4);
    const buffer = pool.take();
    pool.giveBack(buffer);
    pool.giveBack(buffer);
    expect(pool.take().buffer).not.toBe(pool.take().buffer);
  });

  it('leaves bytes alone that are not its own', () => {
    const pool = new BufferPool(16, 4);
    const strange = Buffer.alloc(16);
    pool.giveBack(strange);
    expect(pool.take().buffer).not.toBe(strange.buffer);
  });

  it('keeps no more than it may', () => {
    const pool = new BufferPool(16, 1);
    const [one, other] = [pool.take(), pool.take()];
    pool.giveBack(one);
    pool.giveBack(other);
    expect(pool.take().buffer).toBe(one.buffer);
    expect(pool.take().buffer).not.toBe(other.buffer);
  });
});
