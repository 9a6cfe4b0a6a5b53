import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { damageOnDisk } from './damage-on-disk.js';
import { ProcessCluster } from './process-cluster.js';
import { contentOf } from './seeded-random.js';

const KiB = 1024;
let folder = '';
let cluster: ProcessCluster | null = null;

async function start(environment: Record<string, string> = {}): Promise<ProcessCluster> {
  folder = mkdtempSync(join(tmpdir(), 'aether-safety-'));
  cluster = await ProcessCluster.create({ folder, datanodes: 3, gateways: 1, timeFactor: 0.1, environment });
  await cluster.startAll();
  await cluster.whenLive(3);
  return cluster;
}

afterEach(async () => {
  await cluster?.killAll();
  rmSync(folder, { recursive: true, force: true });
});

test('wrong bytes on two of three disks are never in an answer', async () => {
  const running = await start();
  const client = running.client();
  await client.request({ method: 'PUT', path: '/safe' });
  for (const sizeBytes of [5000, 200 * KiB, 900 * KiB]) {
    const body = contentOf(`${sizeBytes}`, sizeBytes);
    expect((await client.request({ method: 'PUT', path: `/safe/${sizeBytes}`, body })).status).toBe(200);
    // The third copy may come after the answer, and nobody reads it before it is on record.
    await running.until('three copies are on record', async () => {
      const { counts } = (await running.masterGet('/api/status')) as { counts: { under: number } };
      return counts.under === 0;
    });
    // What is on record may still be on its way into the file.
    for (const name of ['datanode-0', 'datanode-1']) {
      await running.until(`${name} has its copy`, () => Promise.resolve(damageOnDisk(running.dataPath(name), body.subarray(-100))));
    }
    for (let turn = 0; turn < 8; turn += 1) {
      const whole = await client.request({ method: 'GET', path: `/safe/${sizeBytes}` });
      expect([whole.status, whole.body.equals(body)]).toEqual([200, true]);
      const end = await client.request({ method: 'GET', path: `/safe/${sizeBytes}`, headers: { range: 'bytes=-50' } });
      expect([end.status, end.body.equals(body.subarray(-50))]).toEqual([206, true]);
    }
  }
  client.close();
});

test('no write is acknowledged while fewer than two datanodes live', async () => {
  const running = await start({ AETHER_MASTER_WAIT_MS: '2000' });
  const client = running.client('gateway-0', 20_000);
  await client.request({ method: 'PUT', path: '/safe' });
  await running.kill('datanode-0');
  expect((await client.request({ method: 'PUT', path: '/safe/two', body: Buffer.from('two copies') })).status).toBe(200);
  await running.kill('datanode-1');
  for (const sizeBytes of [10, 400 * KiB]) {
    const { status } = await client.request({ method: 'PUT', path: '/safe/one', body: contentOf('one', sizeBytes) });
    expect(status).toBe(503);
  }
  running.start('datanode-1');
  await running.whenWritable();
  expect((await client.request({ method: 'GET', path: '/safe/one' })).status).toBe(404);
  expect((await client.request({ method: 'GET', path: '/safe/two' })).body.toString()).toBe('two copies');
  client.close();
});
