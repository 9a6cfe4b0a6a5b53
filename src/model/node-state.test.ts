import { describe, expect, it } from 'vitest';
import { nodeSights, type NodeSight } from './node-sight.js';
import { nodeStates, type NodeState, type VolumeCondition } from './node.js';
import {
  copiesSuffice,
  copiesCount,
  isAlive,
  readRank,
  stateWhenChecked,
  stateWhenHeard,
  stateWhenSilent,
  whyNotForgotten,
  type LogProof,
} from './node-state.js';

const delays = { suspectAfterMs: 12_000, downAfterMs: 60_000, repairDelayMs: 300_000, plannedRepairDelayMs: 1_800_000 };

describe('a node that is heard', () => {
  const heardTable: [NodeState, VolumeCondition, NodeState][] = [
    ['manual', 'open', 'live'],
    ['manual', 'draining', 'draining'],
    ['live', 'open', 'live'],
    ['live', 'read-only', 'live'],
    ['live', 'draining', 'draining'],
    ['live', 'quarantined', 'quarantined'],
    ['draining', 'open', 'live'],
    ['draining', 'draining', 'draining'],
    ['suspect', 'open', 'live'],
    ['suspect', 'draining', 'draining'],
    ['down', 'open', 'returned'],
    ['down', 'draining', 'returned'],
    ['repairing', 'open', 'returned'],
    ['repairing', 'quarantined', 'quarantined'],
    ['returned', 'open', 'returned'],
    ['returned', 'quarantined', 'quarantined'],
    ['quarantined', 'open', 'quarantined'],
    ['quarantined', 'quarantined', 'quarantined'],
  ];
  it.each(heardTable)('goes from %s, saying %s, to %s', (from, condition, to) => {
    expect(stateWhenHeard(from, { condition, proof: 'proven', cleared: false, sight: null })).toBe(to);
  });

  it.each(nodeStates)('is quarantined from %s when its volume went back in time', (from) => {
    expect(stateWhenHeard(from, { condition: 'open', proof: 'refuted', cleared: true, sight: null })).toBe('quarantined');
  });

  const pendingTable: [NodeState, NodeState][] = [
    ['live', 'live'],
    ['suspect', 'live'],
    ['down', 'returned'],
    ['repairing', 'returned'],
    ['returned', 'returned'],
  ];
  it.each(pendingTable)('goes from %s to %s while its proof is pending', (from, to) => {
    const proof: LogProof = 'pending';
    expect(stateWhenHeard(from, { condition: 'open', proof, cleared: false, sight: null })).toBe(to);
  });

  it('leaves the quarantine for a check once a person has cleared it and its volume is open', () => {
    expect(stateWhenHeard('quarantined', { condition: 'open', proof: 'proven', cleared: true, sight: null })).toBe('returned');
    expect(stateWhenHeard('quarantined', { condition: 'quarantined', proof: 'proven', cleared: true, sight: null })).toBe('quarantined');
  });
});

describe('a node that is silent', () => {
  const silentTable: [NodeState, number, NodeState][] = [
    ['live', 11_999, 'live'],
    ['live', 12_000, 'suspect'],
    ['live', 59_999, 'suspect'],
    ['live', 60_000, 'down'],
    ['live', 359_999, 'down'],
    ['live', 360_000, 'repairing'],
    ['draining', 11_999, 'draining'],
    ['draining', 12_000, 'suspect'],
    ['suspect', 0, 'suspect'],
    ['suspect', 60_000, 'down'],
    ['down', 0, 'down'],
    ['down', 360_000, 'repairing'],
    ['repairing', 0, 'repairing'],
    ['repairing', 1e9, 'repairing'],
    ['returned', 12_000, 'returned'],
    ['returned', 60_000, 'down'],
    ['returned', 360_000, 'repairing'],
    ['quarantined', 1e9, 'quarantined'],
    ['manual', 1e9, 'manual'],
  ];
  it.each(silentTable)('goes from %s after %d ms to %s', (from, silentMs, to) => {
    expect(stateWhenSilent(from, { silentMs, condition: 'open', sight: null }, delays)).toBe(to);
  });

  it('is repaired later when it had said that it drains', () => {
    expect(stateWhenSilent('down', { silentMs: 360_000, condition: 'draining', sight: null }, delays)).toBe('down');
    expect(stateWhenSilent('down', { silentMs: 1_860_000, condition: 'draining', sight: null }, delays)).toBe('repairing');
  });
});

describe('a node that the controller sees in Kubernetes', () => {
  const heardTable: [NodeState, VolumeCondition, NodeSight, NodeState][] = [
    ['live', 'open', 'present', 'live'],
    ['live', 'open', 'not-ready', 'suspect'],
    ['live', 'open', 'absent', 'suspect'],
    ['live', 'open', 'lost', 'suspect'],
    ['live', 'open', 'terminating', 'draining'],
    ['live', 'read-only', 'present', 'live'],
    ['draining', 'draining', 'not-ready', 'draining'],
    ['draining', 'draining', 'absent', 'suspect'],
    ['draining', 'open', 'present', 'live'],
    ['suspect', 'open', 'present', 'live'],
    ['suspect', 'open', 'not-ready', 'suspect'],
    ['down', 'open', 'lost', 'returned'],
    ['repairing', 'open', 'lost', 'returned'],
    ['returned', 'open', 'absent', 'returned'],
    ['quarantined', 'open', 'present', 'quarantined'],
  ];
  it.each(heardTable)('and that is heard goes from %s, saying %s, seen as %s, to %s', (from, condition, sight, to) => {
    expect(stateWhenHeard(from, { condition, proof: 'proven', cleared: false, sight })).toBe(to);
  });

  it('is never down while it is heard, whatever is seen', () => {
    for (const from of ['manual', 'live', 'draining', 'suspect'] as const)
      for (const condition of ['open', 'draining', 'read-only'] as const)
        for (const sight of nodeSights) {
          const state = stateWhenHeard(from, { condition, proof: 'proven', cleared: false, sight });
          expect(['live', 'draining', 'suspect']).toContain(state);
          for (const silentMs of [0, 3000, 11_999]) {
            // What the next look makes of it until the next heartbeat: the same, so that no state comes and goes.
            expect(stateWhenSilent(state, { silentMs, condition, sight }, delays)).toBe(state);
          }
        }
  });

  const silentTable: [NodeState, NodeSight, number, NodeState][] = [
    ['live', 'present', 0, 'live'],
    ['live', 'not-ready', 0, 'suspect'],
    ['live', 'absent', 0, 'suspect'],
    ['live', 'lost', 11_999, 'suspect'],
    ['live', 'terminating', 0, 'draining'],
    ['suspect', 'present', 0, 'suspect'],
    ['live', 'present', 12_000, 'suspect'],
    ['live', 'present', 60_000, 'down'],
    ['live', 'not-ready', 59_999, 'suspect'],
    ['live', 'not-ready', 60_000, 'down'],
    ['live', 'absent', 11_999, 'suspect'],
    ['live', 'absent', 12_000, 'down'],
    ['returned', 'absent', 11_999, 'returned'],
    ['returned', 'absent', 12_000, 'down'],
    ['down', 'absent', 311_999, 'down'],
    ['down', 'absent', 312_000, 'repairing'],
    ['live', 'lost', 12_000, 'repairing'],
    ['suspect', 'lost', 12_000, 'repairing'],
    ['down', 'lost', 60_000, 'repairing'],
    ['returned', 'lost', 12_000, 'repairing'],
    ['quarantined', 'lost', 1e9, 'quarantined'],
    ['manual', 'absent', 1e9, 'manual'],
    ['draining', 'terminating', 12_000, 'suspect'],
    ['down', 'terminating', 360_000, 'down'],
    ['down', 'terminating', 1_860_000, 'repairing'],
  ];
  it.each(silentTable)('goes from %s, seen as %s and silent for %d ms, to %s', (from, sight, silentMs, to) => {
    expect(stateWhenSilent(from, { silentMs, condition: 'open', sight }, delays)).toBe(to);
  });

  it('that drained and is lost is repaired at once all the same', () => {
    expect(stateWhenSilent('suspect', { silentMs: 12_000, condition: 'draining', sight: 'lost' }, delays)).toBe('repairing');
    expect(stateWhenSilent('suspect', { silentMs: 12_000, condition: 'draining', sight: 'absent' }, delays)).toBe('down');
  });
});

describe('the standing of a state', () => {
  it.each(nodeStates)('re-admits only what has returned when the check of %s ends', (state) => {
    expect(stateWhenChecked(state, 'open')).toBe(state === 'returned' ? 'live' : state);
    expect(stateWhenChecked(state, 'draining')).toBe(state === 'returned' ? 'draining' : state);
  });

  it('counts no copy of a node that is being repaired, quarantined or manual', () => {
    expect(nodeStates.filter((state) => !copiesCount(state))).toEqual(['manual', 'repairing', 'quarantined']);
  });

  it('takes exactly the nodes that are heard for alive', () => {
    expect(nodeStates.filter(isAlive)).toEqual(['live', 'draining', 'returned']);
  });

  it('gives up a lost copy only for copies on nodes that are heard and in order', () => {
    expect(nodeStates.filter((state) => copiesSuffice([state], 1))).toEqual(['live', 'draining']);
    expect([copiesSuffice(['live', 'down', 'draining'], 2), copiesSuffice(['live', 'down', 'draining'], 3)]).toEqual([true, false]);
  });

  it('lets a person forget only what counts for nothing and has long been silent', () => {
    const forgettable = (silentMs: number): NodeState[] => nodeStates.filter((state) => whyNotForgotten(state, silentMs, delays) === null);
    expect(forgettable(0)).toEqual(['manual']);
    expect(forgettable(59_999)).toEqual(['manual']);
    expect(forgettable(60_000)).toEqual(['manual', 'repairing', 'quarantined']);
    expect(forgettable(1e12)).toEqual(['manual', 'repairing', 'quarantined']);
    expect(whyNotForgotten('quarantined', 3500, delays)).toContain('for 3 s only');
    expect(whyNotForgotten('down', 1e12, delays)).toContain('ask again when it is repairing');
    expect(whyNotForgotten('live', 0, delays)).toContain('may still serve');
  });

  it('reads live nodes first, suspects and quarantined ones late, silent ones last', () => {
    const ordered = [...nodeStates].sort((a, b) => readRank(a) - readRank(b));
    expect(ordered).toEqual(['live', 'draining', 'returned', 'suspect', 'quarantined', 'down', 'repairing', 'manual']);
  });
});
