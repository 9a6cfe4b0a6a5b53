import { describe, expect, it } from 'vitest';
import { systemClock, type Clock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { Admission } from './admission.js';
import { ClientPace } from './client-pace.js';
import { LateReceipts } from './late-receipts.js';

/** Time and timers move by hand. */
function handClock(): Clock & { pass(ms: number): void } {
  let nowMs = 0;
  let timers: { atMs: number; fire: () => void }[] = [];
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    setTimer(delayMs, fire) {
      const timer = { atMs: nowMs + delayMs, fire };
      timers.push(timer);
      return { cancel: () => (timers = timers.filter((other) => other !== timer)) };
    },
    pass(ms) {
      nowMs += ms;
      const due = timers.filter((timer) => timer.atMs <= nowMs);
      timers = timers.filter((timer) => timer.atMs > nowMs);
      for (const timer of due) timer.fire();
    },
  };
}

describe('admission', () => {
  const limits = { requestsMax: 2, bytesMax: 100, waitingMax: 2, waitMs: 1000 };

  it('lets in so many requests and refuses the next', () => {
    const admission = new Admission(limits, handClock());
    admission.enter();
    admission.enter();
    expect(() => admission.enter()).toThrow('reduce your request rate');
    admission.leave();
    admission.enter();
    expect(admission.requests).toBe(2);
  });

  it('lets bodies wait for room, first come first served, and no longer than promised', async () => {
    const clock = handClock();
    const admission = new Admission(limits, clock);
    expect(admission.reserve(80)).toBeNull();
    const order: string[] = [];
    const large = admission.reserve(60)!.then(() => order.push('large'));
    const small = admission.reserve(10)!.then(() => order.push('small'));
    expect(() => admission.reserve(1)).toThrow('reduce your request rate');
    admission.giveBack(80);
    await Promise.all([large, small]);
    expect([order, admission.bytes]).toEqual([['large', 'small'], 70]);

    const late = admission.reserve(60)!;
    clock.pass(1000);
    await expect(late).rejects.toMatchObject({ code: 'slow-down' });
    admission.giveBack(70);
    expect(admission.bytes).toBe(0);
  });

  it('goes on with the next one when the first in the queue has given up', async () => {
    const clock = handClock();
    const admission = new Admission(limits, clock);
    expect(admission.reserve(50)).toBeNull();
    const large = admission.reserve(60)!;
    clock.pass(500);
    const small = admission.reserve(40)!;
    clock.pass(500);
    await expect(large).rejects.toMatchObject({ code: 'slow-down' });
    await small;
    expect(admission.bytes).toBe(90);
  });
});

describe('the pace of a client', () => {
  it('is too slow only for the time that is spent waiting for the client', () => {
    const clock = handClock();
    const pace = new ClientPace(clock);
    pace.wait();
    pace.moved(10);
    clock.pass(600_000); // a slow disk
    expect(pace.isTooSlow()).toBe(false);
    pace.wait();
    clock.pass(29_000);
    expect(pace.isTooSlow()).toBe(false);
    clock.pass(1_000);
    expect(pace.isTooSlow()).toBe(true);
  });

  it('is good when enough moved, and is looked at anew for each window', () => {
    const clock = handClock();
    const pace = new ClientPace(clock);
    for (let window = 0; window < 3; window += 1) {
      pace.wait();
      clock.pass(30_000);
      pace.moved(8 * 1024 * 30);
      expect(pace.isTooSlow()).toBe(false);
    }
    pace.wait();
    clock.pass(30_000);
    expect(pace.isTooSlow()).toBe(true);
  });
});

describe('late receipts', () => {
  it('are told in batches, later, and a failure is only logged', async () => {
    const clock = handClock();
    const told: number[] = [];
    const late = new LateReceipts(
      {
        ask: (_verb, { chunks }) => {
          told.push(chunks.length);
          return told.length === 1 ? Promise.reject(new Error('away')) : Promise.resolve({});
        },
      },
      { clock, log: silentLog },
    );
    for (let i = 0; i < 700; i += 1) late.add({ id: `${i}`, lengthBytes: 1, crc32c: 0, nodeId: 'n' });
    expect(told).toEqual([]);
    clock.pass(1000);
    await late.tell();
    await expect.poll(() => told).toEqual([500, 200]);
  });
});
