import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../base/log.js';
import { ManualClock } from '../testing/manual-clock.js';
import type { KubeObject, WatchEvent } from './cluster-api.js';
import { ObjectCache, type ObjectChange } from './object-cache.js';

const emptyCache = (clock = new ManualClock()): ObjectCache<KubeObject> => new ObjectCache<KubeObject>({ clock, log: silentLog });

const object = (name: string, version: number, uid = name): KubeObject => ({ metadata: { name, uid, resourceVersion: String(version) } });

const event = (type: 'ADDED' | 'MODIFIED' | 'DELETED', name: string, version: number): WatchEvent<KubeObject> => ({
  type,
  object: object(name, version),
});

const sorted = (objects: KubeObject[]): KubeObject[] => objects.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));

/** A history of a server: each step touches one of few names. Versions begin at 8, so that their length changes on the way. */
function history(steps: { name: string; end: boolean }[]): { events: WatchEvent<KubeObject>[]; listAfter: (step: number) => KubeObject[] } {
  const states: Map<string, KubeObject>[] = [new Map()];
  const events = steps.map(({ name, end }, step): WatchEvent<KubeObject> => {
    const state = new Map(states[step]);
    const existing = state.get(name);
    const version = step + 8;
    const uid = existing?.metadata.uid ?? `${name}-${version}`;
    if (end && existing) state.delete(name);
    else state.set(name, object(name, version, uid));
    states.push(state);
    return { type: end && existing ? 'DELETED' : existing ? 'MODIFIED' : 'ADDED', object: object(name, version, uid) };
  });
  return { events, listAfter: (step) => [...states[step]!.values()] };
}

const steps = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), end: fc.boolean() }), { minLength: 1, maxLength: 40 });

describe('the cache of a resource', () => {
  it('is what a fresh list is, in whatever order, and however often, the events since the last list come, with older ones among them', () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.infiniteStream(fc.nat()), (steps, listAt, chance) => {
        const { events, listAfter } = history(steps);
        const listed = listAt % (steps.length + 1);
        const cache = emptyCache();
        cache.replaceAll({ items: listAfter(listed), resourceVersion: String(listed + 7) });
        const next = (below: number): number => chance.next().value! % below;
        const arriving = events.flatMap((event, step) => Array<typeof event>(step >= listed ? 1 + next(3) : next(2)).fill(event));
        while (arriving.length > 0) cache.apply(arriving.splice(next(arriving.length), 1)[0]!);
        expect(sorted(cache.all())).toEqual(sorted(listAfter(steps.length)));
      }),
      { numRuns: 500 },
    );
  });

  it('is what a fresh list is after that list, whatever was lost, repeated or out of order before', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { maxLength: 80 }), (steps, picks) => {
        const { events, listAfter } = history(steps);
        const cache = emptyCache();
        const told = new Map<string, KubeObject>();
        cache.onChange(({ before, after }) => {
          if (after) told.set(after.metadata.name, after);
          else told.delete(before!.metadata.name);
        });
        for (const pick of picks) cache.apply(events[pick % events.length]!);
        cache.replaceAll({ items: listAfter(steps.length), resourceVersion: String(steps.length + 7) });
        expect(sorted(cache.all())).toEqual(sorted(listAfter(steps.length)));
        // who only listened knows the same
        expect(sorted([...told.values()])).toEqual(sorted(listAfter(steps.length)));
      }),
      { numRuns: 500 },
    );
  });

  it('believes a list that went back in time, as after a restored backup', () => {
    const cache = emptyCache();
    cache.replaceAll({ items: [object('a', 90)], resourceVersion: '100' });
    cache.replaceAll({ items: [object('a', 40)], resourceVersion: '50' });
    expect(cache.get('a')?.metadata.resourceVersion).toBe('40');
    cache.apply(event('MODIFIED', 'a', 51));
    expect(cache.get('a')?.metadata.resourceVersion).toBe('51');
  });

  it('tells of a change once, and of nothing when nothing changed', () => {
    const cache = emptyCache();
    const changes: ObjectChange<KubeObject>[] = [];
    cache.onChange((change) => changes.push(change));
    cache.replaceAll({ items: [object('a', 1)], resourceVersion: '1' });
    cache.replaceAll({ items: [object('a', 1)], resourceVersion: '5' });
    cache.apply({ type: 'BOOKMARK', resourceVersion: '6' });
    cache.apply(event('MODIFIED', 'a', 7));
    cache.apply(event('MODIFIED', 'a', 7));
    expect(changes).toEqual([
      { before: null, after: object('a', 1) },
      { before: object('a', 1), after: object('a', 7) },
    ]);
  });

  it('goes on when a listener throws', () => {
    const cache = emptyCache();
    let heard = 0;
    cache.onChange(() => {
      throw new Error('a fault of the listener');
    });
    cache.onChange(() => {
      heard += 1;
    });
    cache.apply(event('ADDED', 'a', 1));
    cache.apply(event('ADDED', 'b', 2));
    expect(heard).toBe(2);
    expect(cache.all()).toHaveLength(2);
  });

  it('is as old as the last word of the server', () => {
    const clock = new ManualClock();
    const cache = emptyCache(clock);
    expect(cache.freshMs()).toBe(Infinity);
    cache.replaceAll({ items: [], resourceVersion: '1' });
    clock.advance(60_000);
    expect(cache.freshMs()).toBe(60_000);
    cache.apply({ type: 'BOOKMARK', resourceVersion: '2' });
    expect(cache.freshMs()).toBe(0);
  });
});
