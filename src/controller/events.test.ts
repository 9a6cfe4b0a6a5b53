import { expect, it } from 'vitest';
import { silentLog } from '../base/log.js';
import { FakeCluster } from '../testing/fake-cluster.js';
import { ManualClock } from '../testing/manual-clock.js';
import { Events, type EventsParts, type Occurrence } from './events.js';

function world() {
  const cluster = new FakeCluster();
  const clock = new ManualClock();
  const outcomes: string[] = [];
  const api: EventsParts['api'] = {
    create: (resource, object) => Promise.resolve(cluster.create(resource, object)),
    mergePatch: async (resource, name, patch) => cluster.mergePatch(resource, name, patch),
  };
  const events = new Events({ instance: 'controller-0' }, { api, clock, log: silentLog, onOutcome: (outcome) => outcomes.push(outcome) });
  const tell = async (changes: Partial<Occurrence> = {}): Promise<void> => {
    const about = { apiVersion: 'v1', kind: 'Pod', namespace: 'store', name: 'pod-0', uid: 'pod-uid' };
    events.tell({ about, type: 'Warning', reason: 'DatanodeDown', message: 'silent for 12 s', ...changes });
    await events.settled();
  };
  return { cluster, clock, outcomes, events, tell };
}

it('the same about the same object is counted, with the last words, and written anew after ten minutes', async () => {
  const { cluster, clock, outcomes, tell } = world();
  await tell();
  await tell({ message: 'silent for 20 s' });
  await tell({ reason: 'DatanodeLive', type: 'Normal' });
  clock.advance(600_000);
  await tell();
  expect(outcomes).toEqual(['written', 'counted', 'written', 'written']);
  expect(cluster.list('events').map(({ reason, count, message }) => [reason, count, message])).toEqual([
    ['DatanodeDown', 2, 'silent for 20 s'],
    ['DatanodeLive', 1, 'silent for 12 s'],
    ['DatanodeDown', 1, 'silent for 12 s'],
  ]);
});

it('an Event that the server has forgotten is written anew the next time', async () => {
  const { cluster, outcomes, tell } = world();
  await tell();
  cluster.remove('events', cluster.list('events')[0]!.metadata.name);
  await tell();
  await tell();
  expect(outcomes).toEqual(['written', 'failed', 'written']);
});

it('a storm is cut off, and goes on in the next minute', async () => {
  const { cluster, clock, outcomes, tell } = world();
  for (let n = 0; n < 100; n += 1) await tell({ reason: `Reason${n}` });
  expect(cluster.list('events')).toHaveLength(60);
  expect(outcomes.filter((outcome) => outcome === 'dropped')).toHaveLength(40);
  clock.advance(60_000);
  await tell({ reason: 'Later' });
  expect(cluster.list('events')).toHaveLength(61);
});

it('a message is cut to what Kubernetes takes', async () => {
  const { cluster, tell } = world();
  await tell({ message: 'x'.repeat(5000) });
  expect(cluster.list('events')[0]?.message).toHaveLength(1024);
});
