import { describe, expect, it } from 'vitest';
import type { NodeState } from '../model/node.js';
import { knownNodeOf } from '../testing/known-node.js';
import { planCopies } from './copy-plan.js';
import { copyWords } from './copy-words.js';

const rows: [NodeState[], { counted: number; missing: number; sources: number[] }, RegExp][] = [
  [['live', 'live', 'live'], { counted: 3, missing: 0, sources: [1, 2, 3] }, /^Healthy/],
  [['live', 'draining', 'returned'], { counted: 3, missing: 0, sources: [1, 2, 3] }, /^Healthy/],
  [['suspect', 'live', 'live'], { counted: 3, missing: 0, sources: [2, 3, 1] }, /^Readable: 2 of 3/],
  [['down', 'live', 'live'], { counted: 3, missing: 0, sources: [2, 3] }, /^Readable: 2 of 3/],
  [['repairing', 'live', 'live'], { counted: 2, missing: 1, sources: [2, 3] }, /^Short: 2 of 3/],
  [['quarantined', 'live', 'live'], { counted: 2, missing: 1, sources: [2, 3, 1] }, /^Short: 2 of 3/],
  [['quarantined', 'repairing', 'live'], { counted: 1, missing: 2, sources: [3, 1] }, /^Short: 1 of 3/],
  [['quarantined', 'quarantined', 'repairing'], { counted: 0, missing: 3, sources: [1, 2] }, /^Not safe/],
  [['down', 'down', 'down'], { counted: 3, missing: 0, sources: [] }, /^Not readable now/],
  [['live'], { counted: 1, missing: 2, sources: [1] }, /^Short: 1 of 3/],
  [[], { counted: 0, missing: 3, sources: [] }, /^Lost/],
  [['live', 'live', 'live', 'returned'], { counted: 4, missing: 0, sources: [1, 2, 3, 4] }, /^Healthy/],
];

describe('a chunk', () => {
  it.each(rows)('on nodes that are %j is planned as %j', (states, expected, words) => {
    const nodes = states.map((state, index) => knownNodeOf({ nodeNumber: index + 1, state }));
    const nodeNumbers = nodes.map((node) => node.nodeNumber);
    const plan = planCopies({ id: 'id', nodeNumbers }, (number) => nodes[number - 1] ?? null, 3);
    const sources = plan.sources.map((node) => node.nodeNumber);
    expect({ counted: plan.counted, missing: plan.missing, sources }).toEqual(expected);
    expect(plan.holders).toEqual(new Set(nodes.map((node) => node.nodeId)));
    expect(copyWords(nodes, 3, false)).toEqual({ healthy: `${words}` === '/^Healthy/', words: expect.stringMatching(words) as string });
  });

  it('does not count a copy on a node that nobody knows', () => {
    const plan = planCopies({ id: 'id', nodeNumbers: [1, 99] }, (nodeNumber) => (nodeNumber === 1 ? knownNodeOf({ nodeNumber }) : null), 2);
    expect(plan).toMatchObject({ counted: 1, missing: 1 });
  });
});
