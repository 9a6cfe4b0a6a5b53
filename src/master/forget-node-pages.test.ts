import { describe, expect, it } from 'vitest';
import type { QueryResult } from '../metadata/queries.js';
import { Refusal } from '../model/refusal.js';
import { knownNodeOf } from '../testing/known-node.js';
import { ForgetNode, type ForgetNodeParts } from './forget-node.js';
import { NodeRegistry } from './node-registry.js';

type Row = QueryResult<'chunksOnNode'>['chunks'][number];

const facts = { clusterId: 'c', epoch: 1, replicationFactor: 2, writeQuorum: 2, sweepGeneration: 0 };
const lost = knownNodeOf({ nodeNumber: 1, state: 'repairing' });
const registry = new NodeRegistry(facts, [lost, knownNodeOf({ nodeNumber: 2 }), knownNodeOf({ nodeNumber: 3 })]);

function row(id: string, nodeNumbers: number[]): Row {
  return { id, state: 'present', nodeNumbers } as unknown as Row;
}

/** A node with one chunk on each page of the table; what the metadata answers to a batch is given by the chunk's id. */
function given(pages: Row[], shortWhenDropped: Record<string, number> = {}): { forget: ForgetNode; written: string[] } {
  const written: string[] = [];
  const store = {
    read(name: string, { afterId }: { afterId?: string | null }) {
      if (name === 'listNodes') return { nodes: [{ nodeId: lost.nodeId, stateSinceMs: 7 }] };
      const at = afterId === null ? 0 : pages.findIndex(({ id }) => id === afterId) + 1;
      return { chunks: [pages[at]!], nextAfterId: at + 1 < pages.length ? pages[at]!.id : null };
    },
    write(_name: string, { ids, stateSinceMs }: { ids: string[]; stateSinceMs: number }) {
      written.push(`${ids.join()} since ${stateSinceMs}`);
      return Promise.resolve({ short: shortWhenDropped[ids[0]!] ?? 0 });
    },
  };
  const liveness = {
    requireLost: () => lost,
    forget: (_id: string, stateSinceMs: number) => Promise.resolve(void written.push(`forgotten since ${stateSinceMs}`)),
  };
  const parts = { store, registry, liveness, replicationFactor: 2 } as unknown as ForgetNodeParts;
  return { forget: new ForgetNode(parts), written };
}

const signal = new AbortController().signal;
const [a, b] = [row('a', [1, 2, 3]), row('b', [1, 2, 3])];

describe('forgetting a node with more chunks than a page holds', () => {
  it('takes it out of the rows of each page, and only then forgets it', async () => {
    const { forget, written } = given([a, b]);
    await forget.forget(lost.nodeId, signal);
    expect(written).toEqual(['a since 7', 'b since 7', 'forgotten since 7']);
  });

  it('changes nothing when the last page has a chunk that is short elsewhere', async () => {
    const { forget, written } = given([a, row('b', [1, 2])]);
    await expect(forget.forget(lost.nodeId, signal)).rejects.toMatchObject({ code: 'node-holds-copies', message: /^1 chunks/ });
    expect(written).toEqual([]);
  });

  it.each([
    ['first', 'a', ['a since 7']],
    ['last', 'b', ['a since 7', 'b since 7']],
  ])('stops when a chunk of the %s page has become short meanwhile', async (_which, id, rows) => {
    const { forget, written } = given([a, b], { [id]: 1 });
    await expect(forget.forget(lost.nodeId, signal)).rejects.toThrow(Refusal);
    expect(written).toEqual(rows);
  });

  it('goes on with the next one after a refusal, and with one at a time', async () => {
    const { forget, written } = given([a]);
    const first = forget.forget(lost.nodeId, signal);
    await expect(forget.forget(lost.nodeId, signal)).rejects.toMatchObject({ code: 'slow-down' });
    await first;
    await forget.forget(lost.nodeId, signal);
    expect(written.filter((line) => line.startsWith('forgotten'))).toHaveLength(2);
  });
});
