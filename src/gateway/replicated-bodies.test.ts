import { expect, test } from 'vitest';
import type { View } from '../model/node.js';
import { Refusal } from '../model/refusal.js';
import type { ChunkReader } from '../replication/chunk-reader.js';
import type { ChunkWriter } from '../replication/chunk-writer.js';
import { ReplicatedBodies } from './replicated-bodies.js';

function viewOf(writable: number): View {
  const nodes = [0, 1, 2].map((nodeNumber) => ({ nodeNumber, writable: nodeNumber < writable }));
  return { number: { epoch: 1, n: 1 }, writeQuorum: 2, nodes } as unknown as View;
}

interface Given {
  view: View | null;
  /** What the master tells; null: nothing, it is away. */
  next: View | null;
}

/** The views asked for, and the one that a body was written with. */
async function written(given: Given): Promise<{ asked: number; view: View | null }> {
  let asked = 0;
  const master = {
    ...given,
    refreshView() {
      asked += 1;
      if (given.next === null) return Promise.reject(new Refusal('master-away'));
      master.view = given.next;
      return Promise.resolve();
    },
    someView: () => Promise.reject(new Error('only for reads')),
    ask: () => Promise.reject(new Error('only for reads')),
  };
  let used: View | null = null;
  const writer = {
    write() {
      used = master.view;
      return Promise.resolve([]);
    },
  };
  const bodies = new ReplicatedBodies(master, { writer: writer as unknown as ChunkWriter, reader: {} as ChunkReader });
  await bodies.write([], { bucketId: 1, key: 'k', partNumber: null });
  return { asked, view: used };
}

const [one, two, three] = [viewOf(1), viewOf(2), viewOf(3)];

test.each<[string, Given, number, View]>([
  ['with the view at hand when a quorum of nodes is in it', { view: two, next: three }, 0, two],
  ['with a newer view when that one has too few nodes', { view: one, next: three }, 1, three],
  ['with the first view', { view: null, next: three }, 1, three],
  ['with the view at hand when the master does not tell', { view: one, next: null }, 1, one],
])('a body is written %s', async (_what, given, asked, view) => {
  expect(await written(given)).toEqual({ asked, view });
});

test('a body is refused when there is no view and the master is away', async () => {
  await expect(written({ view: null, next: null })).rejects.toMatchObject({ code: 'master-away' });
});
