import { describe, expect, it } from 'vitest';
import type { View, ViewNode } from '../model/node.js';
import type { WireClient } from '../wire/api.js';
import { Datanodes } from './datanodes.js';

function viewOf(n: number, ...nodes: [nodeId: string, address: string][]): View {
  const rest = { host: 'h', zone: 'z', state: 'live', writable: true, freeBytes: 1, capacityBytes: 2 } as const;
  return {
    number: { epoch: 1, n },
    clusterId: 'c',
    replicationFactor: 3,
    writeQuorum: 2,
    sweepGeneration: 0,
    nodes: nodes.map(([nodeId, address], index): ViewNode => ({ nodeId, address, nodeNumber: index + 1, ...rest })),
  };
}

const never = (): never => expect.unreachable();

function pool(): { datanodes: Datanodes; open: Set<string> } {
  const open = new Set<string>();
  const datanodes = new Datanodes(({ nodeId, address }) => {
    open.add(`${nodeId}@${address}`);
    const close = (): Promise<void> => Promise.resolve(void open.delete(`${nodeId}@${address}`));
    return { call: never, open: never, isAway: false, close } satisfies WireClient;
  });
  return { datanodes, open };
}

describe('connections to datanodes', () => {
  it('are made when first asked for and kept while the view names the node', () => {
    const { datanodes, open } = pool();
    const view = viewOf(1, ['a', '1'], ['b', '2']);
    const { client } = datanodes.in(view, view.nodes[0]!);
    expect([...open]).toEqual(['a@1']);
    const next = viewOf(2, ['a', '1']);
    expect(datanodes.in(next, next.nodes[0]!).client).toBe(client);
  });

  it('are closed when the node has left or moved', () => {
    const { datanodes, open } = pool();
    const view = viewOf(1, ['a', '1'], ['b', '2'], ['c', '3']);
    for (const node of view.nodes) datanodes.in(view, node);
    const next = viewOf(2, ['a', '1'], ['b', '9']);
    datanodes.in(next, next.nodes[1]!);
    expect([...open].sort()).toEqual(['a@1', 'b@9']);
  });

  it('outlive an older view that a long write still shows', () => {
    const { datanodes, open } = pool();
    const older = viewOf(1, ['a', '1']);
    const newer = viewOf(2, ['a', '1'], ['b', '2']);
    for (const node of newer.nodes) datanodes.in(newer, node);
    datanodes.in(older, older.nodes[0]!);
    expect([...open].sort()).toEqual(['a@1', 'b@2']);
  });

  it('count what is under way on them', () => {
    const { datanodes } = pool();
    const view = viewOf(1, ['a', '1']);
    const node = view.nodes[0]!;
    expect(datanodes.busyOn(node)).toBe(0);
    const leave = datanodes.in(view, node).enter();
    expect(datanodes.busyOn(node)).toBe(1);
    leave();
    leave();
    expect(datanodes.busyOn(node)).toBe(0);
  });
});
