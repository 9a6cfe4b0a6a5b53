import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { FakeApiServer } from '../testing/fake-api-server.js';
import { ManualClock } from '../testing/manual-clock.js';
import { ApiClient } from './api-client.js';
import { ClusterCaches } from './cluster-caches.js';

const labels = { 'app.kubernetes.io/instance': 'store' };
const labelSelector = 'app.kubernetes.io/instance=store';

describe('what the controller sees of the cluster', () => {
  let clock: ManualClock;
  let server: FakeApiServer;
  let client: ApiClient;
  let caches: ClusterCaches;

  async function see(clusterScoped: boolean): Promise<void> {
    caches = new ClusterCaches({ labelSelector, clusterScoped }, { api: client, clock, random: systemRandom, log: silentLog });
    caches.start();
    await expect.poll(() => caches.freshMs()).toBe(0);
  }

  /** Time passes with the server answering in between. */
  async function pass(seconds: number, stepSeconds = 5): Promise<void> {
    for (let second = 0; second < seconds; second += stepSeconds) {
      clock.advance(stepSeconds * 1000);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    }
  }

  beforeEach(async () => {
    clock = new ManualClock();
    server = new FakeApiServer({ clock });
    await server.start();
    for (const name of ['node-0', 'node-1', 'node-2']) server.cluster.create('pods', { metadata: { name, labels } });
    server.cluster.create('pods', { metadata: { name: 'of-another-release' } });
    server.cluster.create('nodes', { metadata: { name: 'worker' } });
    const credentials = {
      server: new URL(server.url),
      requestOptions: () => Promise.resolve({ headers: { authorization: `Bearer ${server.token}` } }),
    };
    client = new ApiClient({ credentials, namespace: server.namespace }, { clock });
  });

  afterEach(async () => {
    await caches.stop();
    client.close();
    await server.stop();
  });

  it('is blind until all has been listed once', () => {
    caches = new ClusterCaches({ labelSelector, clusterScoped: true }, { api: client, clock, random: systemRandom, log: silentLog });
    expect([caches.blind, caches.freshMs()]).toEqual([true, Infinity]);
  });

  it('is the own release, and the nodes of the cluster; with three verbs and no write', async () => {
    await see(true);
    expect(caches.pods.all().map(({ metadata }) => metadata.name)).toEqual(['node-0', 'node-1', 'node-2']);
    expect(caches.nodes?.get('worker')).not.toBeNull();
    expect([...server.calls.keys()].sort()).toEqual([
      'list nodes',
      'list persistentvolumeclaims',
      'list pods',
      'list statefulsets.apps',
      'watch nodes',
      'watch persistentvolumeclaims',
      'watch pods',
      'watch statefulsets.apps',
    ]);
  });

  it('is without nodes when they may not be seen', async () => {
    await see(false);
    expect(caches.nodes).toBeNull();
    expect([...server.calls.keys()].filter((call) => call.endsWith('nodes'))).toEqual([]);
  });

  it('hears of a change within a second', async () => {
    await see(true);
    await expect.poll(() => server.streams('pods')).toBe(1);
    const heard = new Promise<void>((resolve) => caches.onChange(resolve));
    const start = performance.now();
    server.cluster.remove('pods', 'node-1');
    await heard;
    expect(performance.now() - start).toBeLessThan(1000);
    expect(caches.pods.get('node-1')).toBeNull();
  });

  it('concludes nothing from ten minutes without the API server, says how old it is, and catches up afterwards', async () => {
    await see(true);
    const before = caches.pods.all();
    let changes = 0;
    caches.onChange(() => (changes += 1));
    server.down = true;
    server.breakAll();
    server.cluster.remove('pods', 'node-1');
    await pass(70);
    expect(caches.blind).toBe(false);
    await pass(530);
    expect([caches.blind, changes, caches.pods.all()]).toEqual([true, 0, before]);
    expect(caches.freshMs()).toBe(600_000);
    for (const { resource, freshMs, failures } of caches.statuses()) {
      expect(freshMs, resource).toBe(600_000);
      // at most half a minute between tries
      expect(failures, resource).toBeGreaterThan(15);
    }
    server.down = false;
    await pass(35);
    await expect.poll(() => caches.blind).toBe(false);
    expect(caches.pods.get('node-1')).toBeNull();
    expect(changes).toBe(1);
  });

  it('is blind when one resource alone is not heard of', async () => {
    await see(true);
    await expect.poll(() => server.streams('nodes')).toBe(1);
    server.failNext('list nodes', { status: 500, reason: 'InternalError' }, 1_000);
    server.resetStreams('nodes');
    await pass(100);
    expect(caches.blind).toBe(true);
    expect(caches.pods.freshMs()).toBeLessThan(75_000);
  });

  it('is not blind in a quiet hour', { timeout: 60_000 }, async () => {
    await see(true);
    let oldestMs = 0;
    for (let second = 0; second < 3600; second += 5) {
      await pass(5);
      oldestMs = Math.max(oldestMs, caches.freshMs());
    }
    expect(oldestMs).toBeLessThan(75_000);
    for (const { resource, lists, failures } of caches.statuses()) expect([resource, lists >= 5, failures]).toEqual([resource, true, 0]);
  });
});
