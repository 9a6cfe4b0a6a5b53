import { expect } from 'vitest';
import { statement } from '../../metadata/tx.js';
import { MetadataWorld } from '../metadata-world.js';
import { refused } from '../refused.js';
import type { Scenarios } from '../transaction-suite.js';

const minuteMs = 60_000;
const attempts = statement<[], { rows: number }>('SELECT count(*) AS rows FROM attempt');

export const attemptScenarios: Scenarios = {
  'a repeated attempt is given the first outcome and does nothing again': async (store) => {
    const world = await MetadataWorld.start(store);
    const args = world.putArgs(world.bucket, 'k', 10);
    const first = await store.write('commitObject', args);
    expect(await store.write('commitObject', { ...args, nowMs: args.nowMs + 5 })).toEqual(first);
    expect(await store.read('statistics', {})).toMatchObject({ objects: 1, chunks: 1, garbage: 0 });
  },

  'a refusal is remembered, its effects are not': async (store) => {
    const world = await MetadataWorld.start(store);
    await world.put(world.bucket, 'k', 10);
    const args = world.putArgs(world.bucket, 'k', 20, { conditions: { ifMatch: null, ifNoneMatch: '*' } });
    await refused(store.write('commitObject', args), 'precondition-failed');
    await world.delete(world.bucket, 'k');
    // The condition would hold now, but this attempt has been answered.
    await refused(store.write('commitObject', args), 'precondition-failed');
    expect(await world.keys(world.bucket)).toEqual([]);
  },

  'a refusal after rows were written leaves none of them': async (store) => {
    const world = await MetadataWorld.start(store);
    const args = world.putArgs(world.bucket, 'a', 10);
    await store.write('commitObject', args);
    const before = await store.read('statistics', {});
    await refused(
      world.put(world.bucket, 'b', 20, { chunks: [world.chunk(10), { ...args.chunks[0]!, lengthBytes: 10 }] }),
      'chunk-conflict',
    );
    expect(await store.read('statistics', {})).toEqual(before);
    expect(await world.keys(world.bucket)).toEqual(['a']);
  },

  'an attempt that its gateway has finished is refused, whether it ever ran or not': async (store) => {
    const world = await MetadataWorld.start(store);
    const late = world.putArgs(world.bucket, 'late', 10);
    const attempt = { ...world.attempt(), lowestUnfinished: late.attempt.counter + 1 };
    await world.put(world.bucket, 'k', 10, { attempt });
    await refused(store.write('commitObject', late), 'attempt-expired');
    expect(await world.keys(world.bucket)).toEqual(['k']);
  },

  'a bound that an overtaken attempt brings holds too': async (store) => {
    const world = await MetadataWorld.start(store);
    const late = world.putArgs(world.bucket, 'late', 10);
    const overtaken = world.putArgs(world.bucket, 'k', 10);
    await world.put(world.bucket, 'l', 10);
    const attempt = { ...overtaken.attempt, lowestUnfinished: overtaken.attempt.counter };
    await store.write('commitObject', { ...overtaken, attempt });
    await refused(store.write('commitObject', late), 'attempt-expired');
    expect(await world.keys(world.bucket)).toEqual(['k', 'l']);
  },

  'an attempt of an earlier start of its gateway is refused, one of a later start runs': async (store) => {
    const world = await MetadataWorld.start(store);
    const early = world.putArgs(world.bucket, 'early', 10);
    const attempt = { gateway: world.gateway, boot: 2, counter: 1, lowestUnfinished: 1 };
    await world.put(world.bucket, 'k', 10, { attempt });
    await refused(store.write('commitObject', early), 'attempt-expired');
    expect(await world.keys(world.bucket)).toEqual(['k']);
  },

  'outcomes below the bound are removed, a bounded number stays': async (store) => {
    const world = await MetadataWorld.start(store);
    for (let n = 0; n < 140; n += 1) await world.put(world.bucket, 'k', 0);
    const { rows } = store.rows.get(attempts, []) as { rows: number };
    expect(rows).toBeLessThanOrEqual(64 + 6);
  },

  'the outcomes of a silent gateway are forgotten after 15 minutes, and what comes later is refused': async (store) => {
    const world = await MetadataWorld.start(store);
    const args = world.putArgs(world.bucket, 'k', 10);
    await store.write('commitObject', args);
    expect(await store.write('expireAttempts', { nowMs: world.nowMs + 14 * minuteMs, limit: 100 })).toEqual({ removed: 0 });
    expect(await store.write('expireAttempts', { nowMs: world.nowMs + 16 * minuteMs, limit: 100 })).toEqual({ removed: 2 });
    await refused(store.write('commitObject', args), 'attempt-expired');
    await world.put(world.bucket, 'l', 10);
    expect(await world.keys(world.bucket)).toEqual(['k', 'l']);
  },
};
