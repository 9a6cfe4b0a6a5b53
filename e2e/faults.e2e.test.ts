import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../src/base/must.js';
import { S3TestClient } from '../src/testing/s3-test-client.js';
import { tellAvailability } from './availability.js';
import { command } from './command.js';
import { place, removeNamespace } from './environment.js';
import { HistoryLoad } from './history-load.js';
import type { KubeObject } from './kube.js';
import { signalPod } from './pod-process.js';
import type { Release } from './release.js';
import { until } from './until.js';

const kills = 3;

function restarts(pod: KubeObject): number {
  return must(
    pod.status?.containerStatuses?.find(({ name }) => name === 'master'),
    'the container of the master',
  ).restartCount;
}

// Together, each in its own namespace: the second mostly waits for the grace of its deletes
describe.concurrent('a master killed in the middle of commits', () => {
  let release: Release;

  beforeAll(async () => {
    release = await place({ namespace: 'master-kill', presets: ['small'], values: { 'gateway.replicas': 2 } });
    await release.install();
    await release.untilWhole(3);
  });
  afterAll(() => removeNamespace(release));

  test('loses nothing that it acknowledged, and works again by itself', async () => {
    const load = await HistoryLoad.start(release);
    const began = performance.now();
    for (let kill = 0; kill < kills; kill += 1) {
      const acknowledged = load.acknowledged;
      await until('request', 'writes are being committed', async () => (load.acknowledged > acknowledged + 100 ? true : null));
      const before = await release.masterPod();
      const underWay = load.underWay;
      await signalPod(before, 'master', 'KILL');
      expect(underWay, 'requests were under way').toBeGreaterThan(0);
      const after = await until('podReady', 'the container of the master is another one and Ready', async () => {
        const [pod] = await release.kube.untilReady('master', 1);
        return pod !== undefined && restarts(pod) > restarts(before) ? pod : null;
      });
      expect(after.metadata.uid, 'killed, not replaced').toBe(before.metadata.uid);
    }
    await release.untilWhole(3);
    tellAvailability(`master killed ${kills} times in commits`, load.seen, performance.now() - began);
    await load.stop();
  });
});

describe.concurrent('disks that are full', () => {
  const diskMiB = 320;
  const folder = '/var/e2e-small-disk';
  const storageClass = 'e2e-small-disk';
  const body = randomBytes(4 * 1024 * 1024);
  let release: Release;
  let workers: string[];

  beforeAll(async () => {
    release = await place({
      namespace: 'disk-full',
      values: { 'datanode.persistence.storageClass': storageClass, 'datanode.persistence.size': `${diskMiB}Mi` },
    });
    const nodes = await release.kube.list('nodes', '!node-role.kubernetes.io/control-plane');
    workers = nodes.map(({ metadata }) => metadata.name);
    for (const worker of workers) await makeDisk(worker);
    await release.install();
    await release.untilWhole(3);
  });
  afterAll(async () => {
    await removeNamespace(release);
    for (const worker of workers) {
      await release.kube.run(['delete', 'pv', `${storageClass}-${worker}`, '--ignore-not-found']);
      await command('docker', ['exec', worker, 'umount', folder]);
    }
  });

  /** A file system of its own on a worker, as a volume that one claim can have. */
  async function makeDisk(worker: string): Promise<void> {
    const mount = `mkdir -p ${folder} && mount -t tmpfs -o size=${diskMiB}m tmpfs ${folder} && chmod 0777 ${folder}`;
    await command('docker', ['exec', worker, 'sh', '-c', mount]);
    const hostname = { key: 'kubernetes.io/hostname', operator: 'In', values: [worker] };
    await release.kube.apply(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `${storageClass}-${worker}` },
        spec: {
          capacity: { storage: `${diskMiB}Mi` },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: storageClass,
          local: { path: folder },
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [hostname] }] } },
        },
      }),
    );
  }

  test('refuse new objects in clear words, keep what was acknowledged, and take objects again after deletes', async () => {
    const client = new S3TestClient(must((await release.clientOptions())[0], 'a worker'));
    const put = async (key: string): Promise<{ status: number; body: Buffer }> => client.request({ method: 'PUT', path: key, body });
    expect((await client.request({ method: 'PUT', path: '/full' })).status).toBe(200);
    const load = await HistoryLoad.start(release);
    const kept: string[] = [];
    let refused: { status: number; body: Buffer } | null = null;
    while (refused === null && kept.length * body.length < 2 * diskMiB * 1024 * 1024) {
      const key = `/full/${kept.length}`;
      const answer = await put(key);
      if (answer.status === 200) kept.push(key);
      else refused = answer;
    }
    console.log(`after ${kept.length} objects of 4 MiB: ${refused?.status} ${refused?.body.toString()}`);
    await load.stop();
    expect(kept.length).toBeGreaterThan(0);
    expect(refused?.status).toBe(503);
    expect(refused?.body.toString()).toMatch(/the disks of \d of 3 datanodes are full/);
    const use = await command('docker', ['exec', must(workers[0], 'a worker'), 'df', '--output=pcent', folder]);
    expect(Number.parseInt(must(use.split('\n')[1], 'a line'), 10), 'the fault happened').toBeGreaterThan(80);
    for (const key of kept) {
      const answer = await client.request({ method: 'GET', path: key });
      expect(answer.status).toBe(200);
      expect(answer.body.equals(body), key).toBe(true);
    }
    for (const key of kept.splice(0, Math.ceil(kept.length / 2))) {
      expect((await client.request({ method: 'DELETE', path: key })).status).toBe(204);
    }
    await until('healed', 'objects are taken again', async () => ((await put('/full/after')).status === 200 ? true : null));
    for (const key of kept) expect((await client.request({ method: 'GET', path: key })).body.equals(body), key).toBe(true);
    client.close();
  });
});
