import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../src/base/must.js';
import { S3TestClient } from '../src/testing/s3-test-client.js';
import { tellAvailability } from './availability.js';
import { place, removeNamespace, timeFactor } from './environment.js';
import { HistoryLoad } from './history-load.js';
import type { Release } from './release.js';

const firstPutMsMax = 60_000;
const pauseMsMax = 15_000;
const body = randomBytes(3_000_000);
const sha256 = createHash('sha256').update(body).digest('hex');

describe(`a small install (delays of the store times ${timeFactor})`, () => {
  let release: Release;

  beforeAll(async () => {
    release = await place({ namespace: 'smoke', values: { buckets: '{first,second}' } });
  });
  afterAll(() => removeNamespace(release));

  async function client(): Promise<S3TestClient> {
    return new S3TestClient(must((await release.clientOptions())[0], 'a worker'));
  }

  async function readBack(): Promise<string> {
    const answer = await (await client()).request({ method: 'GET', path: '/first/kept' });
    return createHash('sha256').update(answer.body).digest('hex');
  }

  test('serves its first PUT within a minute, with five pods and the buckets of its values', async () => {
    const began = performance.now();
    await release.install();
    const put = await (await client()).request({ method: 'PUT', path: '/first/kept', body });
    const tookMs = performance.now() - began;
    console.log(`helm install to the first PUT: ${(tookMs / 1000).toFixed(1)} s`);
    expect(put.status).toBe(200);
    const pods = await release.kube.list('pods', `app.kubernetes.io/instance=${release.name}`);
    expect(pods.filter((pod) => pod.status?.phase === 'Running')).toHaveLength(5);
    expect((await (await client()).request({ method: 'HEAD', path: '/second' })).status).toBe(200);
    expect(tookMs).toBeLessThan(firstPutMsMax);
  });

  test('knows the machine and the zone of every datanode', async () => {
    await release.untilWhole(3);
    const nodes = must(await release.nodes(), 'nodes');
    expect(new Set(nodes.map(({ zone }) => zone))).toEqual(new Set(['a', 'b', 'c']));
    expect(new Set(nodes.map(({ host }) => host)).size).toBe(3);
  });

  test('passes helm test', async () => {
    const ran = await release.test();
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  });

  test.each([
    ['deleted', []],
    ['deleted by force', ['--grace-period=0', '--force']],
  ])('no client notices that the pod of a datanode is %s, and its identity stays with its volume', async (how, flags) => {
    const before = must(await release.nodes(), 'nodes');
    const pod = must(await release.kube.get('pod', `${release.fullname}-datanode-1`), 'the pod');
    const load = await HistoryLoad.start(release);
    const began = performance.now();
    await release.kube.run(['delete', 'pod', pod.metadata.name, '--wait=false', ...flags]);
    const next = await release.kube.untilReplaced(pod.metadata.name, pod.metadata.uid);
    expect(next.metadata.uid, 'the fault happened').not.toBe(pod.metadata.uid);
    await release.untilWhole(3);
    tellAvailability(`datanode's pod ${how}`, load.seen, performance.now() - began);
    expect(load.seen.failed).toBe(0);
    await load.stop();
    const after = must(await release.nodes(), 'nodes');
    expect(after.map(({ id }) => id).toSorted()).toEqual(before.map(({ id }) => id).toSorted());
  });

  test('requests wait while the pod of the master is replaced', async () => {
    const pod = await release.masterPod();
    const load = await HistoryLoad.start(release);
    const began = performance.now();
    await release.kube.run(['delete', 'pod', pod.metadata.name, '--wait=false']);
    await release.kube.untilReady('master', 1);
    expect((await release.masterPod()).metadata.uid, 'the fault happened').not.toBe(pod.metadata.uid);
    await release.untilWhole(3);
    tellAvailability("master's pod deleted (gateway inside)", load.seen, performance.now() - began);
    expect(load.seen.pauseMs).toBeLessThan(pauseMsMax);
    await load.stop();
  });

  test('uninstalling keeps the data, and the next install finds it', async () => {
    const claims = await release.kube.list('pvc');
    await release.uninstall();
    expect((await release.kube.list('pvc')).map(({ metadata }) => metadata.uid).toSorted()).toEqual(
      claims.map(({ metadata }) => metadata.uid).toSorted(),
    );
    await release.install();
    expect(await readBack()).toBe(sha256);
  });
});
