import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Claims } from './claims.js';

describe('claims', () => {
  it('are taken at once when nobody holds them, and again after they were given back', () => {
    const claims = new Claims();
    expect(claims.take('a')).toBeNull();
    expect(claims.take('b')).toBeNull();
    claims.release('a');
    expect(claims.take('a')).toBeNull();
  });

  it('go to who has waited longest, one at a time', async () => {
    const claims = new Claims();
    const order: number[] = [];
    expect(claims.take('a')).toBeNull();
    const waiters = [1, 2, 3].map(async (number) => {
      await claims.take('a');
      order.push(number);
    });
    await nextTurn();
    expect(order).toEqual([]);
    for (const count of [1, 2, 3]) {
      claims.release('a');
      await nextTurn();
      expect(order).toHaveLength(count);
    }
    await Promise.all(waiters);
    expect(order).toEqual([1, 2, 3]);
    claims.release('a');
    expect(claims.take('a')).toBeNull();
  });

  it('are not overtaken by who comes after the one before gave them up', async () => {
    const claims = new Claims();
    expect(claims.take('a')).toBeNull();
    const second = claims.take('a');
    claims.release('a');
    const third = claims.take('a');
    expect(third).not.toBeNull();
    await second;
    claims.release('a');
    await third;
    claims.release('a');
    expect(claims.take('a')).toBeNull();
  });

  it('pass on when a decision fails', async () => {
    const claims = new Claims();
    const decide = async (fails: boolean): Promise<string> => {
      await claims.take('a');
      try {
        await nextTurn();
        if (fails) throw new Error('no');
        return 'yes';
      } finally {
        claims.release('a');
      }
    };
    const outcomes = await Promise.allSettled([decide(true), decide(true), decide(false)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    expect(claims.take('a')).toBeNull();
  });

  it('are idle when every decision that was asked for is made', async () => {
    const claims = new Claims();
    await claims.idle();
    const made: string[] = [];
    const decide = async (id: string): Promise<void> => {
      await claims.take(id);
      await nextTurn();
      made.push(id);
      claims.release(id);
    };
    const decisions = ['a', 'a', 'b', 'a'].map(decide);
    await claims.idle();
    expect(made.toSorted()).toEqual(['a', 'a', 'a', 'b']);
    await Promise.all(decisions);
    expect(claims.take('a')).toBeNull();
    expect(claims.take('b')).toBeNull();
  });
});
