import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../src/base/must.js';
import { tellAvailability } from './availability.js';
import { place, removeNamespace } from './environment.js';
import { HistoryLoad } from './history-load.js';
import type { Release } from './release.js';
import { until } from './until.js';

/** Of requests, without retries. */
const failedShareMax = 0.001;

describe('work on a running store with gateways of its own', () => {
  let release: Release;
  let load: HistoryLoad;

  beforeAll(async () => {
    release = await place({ namespace: 'rolling', presets: ['small'], values: { 'gateway.replicas': 2 } });
    await release.install();
    await release.untilWhole(3);
    load = await HistoryLoad.start(release);
  });
  afterAll(async () => {
    await load.stop();
    await removeNamespace(release);
  });

  async function watch(scenario: string, work: () => Promise<void>): Promise<void> {
    load.forget();
    const began = performance.now();
    await work();
    const { seen } = load;
    tellAvailability(scenario, seen, performance.now() - began);
    expect(seen.requests).toBeGreaterThan(50);
    expect(seen.failed / seen.requests).toBeLessThan(failedShareMax);
  }

  async function restart(kind: string, component: string): Promise<void> {
    const before = (await release.pods(component)).map(({ metadata }) => metadata.uid);
    const name = `${kind}/${release.fullname}-${component}`;
    await release.kube.run(['rollout', 'restart', name]);
    await release.kube.run(['rollout', 'status', name, '--timeout=480s'], 'rollout');
    const after = (await release.pods(component)).filter((pod) => !pod.metadata.deletionTimestamp).map(({ metadata }) => metadata.uid);
    expect(
      before.filter((uid) => after.includes(uid)),
      'every pod is another one',
    ).toEqual([]);
  }

  test('a rolling update of the gateways', () => watch('rolling update of the gateways', () => restart('deployment', 'gateway')));

  test('a rolling update of the datanodes', () =>
    watch('rolling update of the datanodes', async () => {
      await restart('statefulset', 'datanode');
      await release.untilWhole(3);
    }));

  test('a drained machine', () =>
    watch('drain of a worker', async () => {
      const master = (await release.masterPod()).spec?.nodeName;
      const pod = must(
        (await release.pods('datanode')).find(({ spec }) => spec?.nodeName !== master),
        'a datanode elsewhere',
      );
      const worker = must(pod.spec?.nodeName, 'a worker');
      await release.kube.run(['drain', worker, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=170s'], 'rollout');
      const gone = await release.kube.get('pod', pod.metadata.name);
      expect(gone?.metadata.uid, 'the pod was evicted').not.toBe(pod.metadata.uid);
      await release.kube.run(['uncordon', worker]);
      await release.untilWhole(3);
    }));

  test('five datanodes in place of three, which are used at once', () =>
    watch('scale-up from 3 to 5', async () => {
      await release.upgrade({ 'datanode.replicas': 5 });
      await release.untilWhole(5);
      await until('nodeState', 'every node holds chunks', async () => {
        const nodes = await release.nodes();
        return nodes !== null && nodes.every(({ chunks }) => chunks > 0) ? nodes : null;
      });
    }));

  test('a claim that is deleted: its copies are made anew at once', () =>
    watch('claim of a datanode deleted', async () => {
      const name = `${release.fullname}-datanode-4`;
      const claim = must(
        (await release.kube.list('pvc')).find(({ metadata }) => metadata.name.endsWith(name)),
        'the claim',
      );
      const before = must(await release.nodes(), 'nodes').map(({ id }) => id);
      await release.kube.run(['delete', 'pvc', claim.metadata.name, '--wait=false']);
      await release.kube.run(['delete', 'pod', name, '--wait=false']);
      await until('healed', 'a node with a new identity is there and every chunk has its copies', async () => {
        const nodes = await release.nodes();
        const status = await release.ask<{ counts: { under: number }; census: { short: number } | null }>('/api/status');
        const fresh = nodes?.some(({ id, state }) => !before.includes(id) && state === 'live') ?? false;
        return fresh && status?.counts.under === 0 && status.census?.short === 0 ? true : null;
      });
      const next = must(
        (await release.kube.list('pvc')).find(({ metadata }) => metadata.name === claim.metadata.name),
        'a new claim',
      );
      expect(next.metadata.uid, 'the claim is another one').not.toBe(claim.metadata.uid);
    }));

  test('an upgrade that changes every pod', () =>
    watch('helm upgrade of everything', async () => {
      const before = await release.podUids();
      await release.upgrade({ 'store.logLevel': 'warn' });
      await release.kube.untilReady('gateway', 2);
      await until('healed', 'all are live', async () =>
        (await release.nodes())?.filter(({ state }) => state === 'live').length === 5 ? true : null,
      );
      const after = new Set(await release.podUids());
      expect(before.length, 'there were pods').toBeGreaterThan(5);
      expect(
        before.filter((uid) => after.has(uid)),
        'every pod is another one',
      ).toEqual([]);
    }));
});
