import { describe, expect, it } from 'vitest';
import { nodeStates, type NodeState, type VolumeCondition } from './node.js';
import { copiesCount, isAlive, readRank, stateWhenChecked, stateWhenHeard, stateWhenSilent, type LogProof } from './node-state.js';

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
    expect(stateWhenHeard(from, { condition, proof: 'proven', cleared: false })).toBe(to);
  });

  it.each(nodeStates)('is quarantined from %s when its volume went back in time', (from) => {
    expect(stateWhenHeard(from, { condition: 'open', proof: 'refuted', cleared: true })).toBe('quarantined');
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
    expect(stateWhenHeard(from, { condition: 'open', proof, cleared: false })).toBe(to);
  });

  it('leaves the quarantine for a check once a person has cleared it and its volume is open', () => {
    expect(stateWhenHeard('quarantined', { condition: 'open', proof: 'proven', cleared: true })).toBe('returned');
    expect(stateWhenHeard('quarantined', { condition: 'quarantined', proof: 'proven', cleared: true })).toBe('quarantined');
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
    expect(stateWhenSilent(from, { silentMs, planned: false }, delays)).toBe(to);
  });

  it('is repaired later when it had said that it drains', () => {
    expect(stateWhenSilent('down', { silentMs: 360_000, planned: true }, delays)).toBe('down');
    expect(stateWhenSilent('down', { silentMs: 1_860_000, planned: true }, delays)).toBe('repairing');
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

  it('reads live nodes first, suspects and quarantined ones late, silent ones last', () => {
    const ordered = [...nodeStates].sort((a, b) => readRank(a) - readRank(b));
    expect(ordered).toEqual(['live', 'draining', 'returned', 'suspect', 'quarantined', 'down', 'repairing', 'manual']);
  });
});
