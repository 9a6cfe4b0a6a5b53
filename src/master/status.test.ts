import { describe, expect, it } from 'vitest';
import type { View } from '../model/node.js';
import { knownNodeOf } from '../testing/known-node.js';
import { toViewNode, type KnownNode } from './node-registry.js';
import { statusOf, type StatusFacts, type Verdict } from './status.js';

const counts: StatusFacts['counts'] = {
  buckets: 1,
  objects: 10,
  objectBytes: 100,
  uploads: 0,
  chunks: 10,
  chunkBytes: 100,
  restObjects: 0,
  under: 0,
  garbage: 0,
  doomed: 0,
};
const census = { chunks: 10, short: 0, atRisk: 0, none: 0, takenAtWallMs: 0 };
const three = [1, 2, 3].map((nodeNumber) => knownNodeOf({ nodeNumber }));

function viewOf(nodes: KnownNode[], quorum = { replicationFactor: 3, writeQuorum: 2 }): View {
  return { number: { epoch: 1, n: 1 }, clusterId: 'c', ...quorum, sweepGeneration: 0, nodes: nodes.map(toViewNode) };
}

const changed = (changes: Partial<KnownNode>): KnownNode[] => [knownNodeOf({ nodeNumber: 1, ...changes }), ...three.slice(1)];

describe('the status', () => {
  const table: [string, Partial<StatusFacts>, Verdict, RegExp][] = [
    ['everything is there', {}, 'healthy', /^Every chunk/],
    ['a node is silent', { view: viewOf(changed({ state: 'down' })) }, 'degraded', /1 of 3 nodes are silent/],
    ['a disk is quarantined', { view: viewOf(changed({ state: 'quarantined' })) }, 'degraded', /quarantined/],
    ['a node is checked', { view: viewOf(changed({ state: 'returned' })) }, 'degraded', /have returned/],
    ['a node is full', { view: viewOf(changed({ condition: 'read-only' })) }, 'degraded', /2 nodes take chunks/],
    ['chunks are short', { counts: { ...counts, under: 4 } }, 'degraded', /4 chunks have fewer than 3/],
    ['one copy is left', { census: { ...census, short: 2, atRisk: 2 } }, 'at-risk', /2 chunks have one copy left/],
    ['writes cannot go on', { view: viewOf(three.slice(2)) }, 'writes-stopped', /Writes are stopped: 1 nodes/],
    [
      'the metadata has no room',
      { metadataHasRoom: false },
      'writes-stopped',
      /the volume of the metadata is nearly full; make room there/,
    ],
    ['no copy counts', { census: { ...census, short: 1, none: 1 } }, 'data-missing', /1 chunks have no copy/],
    ['the only copy is damaged', { onlyDamaged: 1 }, 'data-missing', /The only copy of 1 chunks is damaged/],
  ];
  it.each(table)('says so when %s', (_, facts, verdict, words) => {
    const status = statusOf({ view: viewOf(three), counts, census, onlyDamaged: 0, copiesUnderWay: 0, metadataHasRoom: true, ...facts });
    expect(status.verdict).toBe(verdict);
    expect(status.words.join('\n')).toMatch(words);
  });

  it('says when copies share a host and when a write is unsafe', () => {
    const sameHost = three.map((node) => ({ ...node, host: 'one' }));
    const view = viewOf(sameHost, { replicationFactor: 3, writeQuorum: 1 });
    const status = statusOf({ view, counts, census: null, onlyDamaged: 0, copiesUnderWay: 0, metadataHasRoom: true });
    expect(status).toMatchObject({ verdict: 'healthy', copiesShareHost: true, unsafe: true, writesSurviveNodes: 2 });
    expect(status.words).toHaveLength(3);
  });
});
