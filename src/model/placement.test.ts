import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemRandom, type Random } from '../base/random.js';
import type { ViewNode } from './node.js';
import { chooseNodes, countHosts } from './placement.js';

function node(overrides: Partial<ViewNode> & { nodeId: string }): ViewNode {
  return {
    nodeNumber: 1,
    address: `http://${overrides.nodeId}:42101`,
    host: overrides.nodeId,
    zone: 'z',
    state: 'live',
    writable: true,
    freeBytes: 1000,
    capacityBytes: 1000,
    ...overrides,
  };
}

/** Up to three zones of up to three hosts of up to three nodes, some of which take no chunks. */
const clusters = fc
  .array(
    fc.record({
      zone: fc.integer({ min: 0, max: 2 }),
      host: fc.integer({ min: 0, max: 2 }),
      writable: fc.boolean(),
      freeBytes: fc.nat(10_000),
    }),
    { maxLength: 12 },
  )
  .map((nodes) =>
    nodes.map((each, index) => node({ ...each, nodeId: `n${index}`, host: `z${each.zone}h${each.host}`, zone: `z${each.zone}` })),
  );

const random: fc.Arbitrary<Random> = fc
  .double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  .map((fraction) => ({ ...systemRandom, fraction: () => fraction }));

const distinct = (texts: string[]): number => new Set(texts).size;

describe('placement', () => {
  it('chooses as many different writable nodes as there are, up to the count', () => {
    fc.assert(
      fc.property(clusters, fc.nat(8), random, (nodes, count, random) => {
        const chosen = chooseNodes({ nodes }, { count, exclude: new Set(['n0']), random });
        const able = nodes.filter((each) => each.writable && each.nodeId !== 'n0');
        expect(chosen).toHaveLength(Math.min(count, able.length));
        expect(distinct(chosen.map((each) => each.nodeId))).toBe(chosen.length);
        for (const each of chosen) expect(able).toContain(each);
      }),
    );
  });

  it('uses every zone before a zone twice, and every host before a host twice', () => {
    fc.assert(
      fc.property(clusters, fc.nat(8), random, (nodes, count, random) => {
        const chosen = chooseNodes({ nodes }, { count, exclude: new Set(), random });
        const able = nodes.filter((each) => each.writable);
        expect(distinct(chosen.map((each) => each.zone))).toBe(Math.min(count, distinct(able.map((each) => each.zone))));
        expect(countHosts(chosen)).toBe(Math.min(count, countHosts(able)));
      }),
    );
  });

  it('keeps away from the hosts and zones that hold the chunk already', () => {
    const nodes = [
      node({ nodeId: 'a1', host: 'a', zone: 'x' }),
      node({ nodeId: 'a2', host: 'a', zone: 'x' }),
      node({ nodeId: 'b1', host: 'b', zone: 'x' }),
      node({ nodeId: 'c1', host: 'c', zone: 'y', writable: false }),
    ];
    fc.assert(
      fc.property(random, (random) => {
        const [target] = chooseNodes({ nodes }, { count: 1, exclude: new Set(), beside: new Set(['a1', 'c1']), random });
        expect(target?.nodeId).toBe('b1');
      }),
    );
  });

  it('gives an emptier node more of the chunks, in proportion to its free space', () => {
    const nodes = [node({ nodeId: 'full', freeBytes: 999_999 }), node({ nodeId: 'empty', freeBytes: 2_999_999 })];
    let onEmpty = 0;
    const steps = 1000;
    for (let step = 0; step < steps; step += 1) {
      const random = { ...systemRandom, fraction: () => step / steps };
      if (chooseNodes({ nodes }, { count: 1, exclude: new Set(), random })[0]?.nodeId === 'empty') onEmpty += 1;
    }
    expect(onEmpty).toBe(750);
  });

  it('still answers when no writable node has free space', () => {
    const nodes = [node({ nodeId: 'a', freeBytes: 0 }), node({ nodeId: 'b', freeBytes: 0 })];
    expect(chooseNodes({ nodes }, { count: 3, exclude: new Set(), random: systemRandom })).toHaveLength(2);
  });
});
