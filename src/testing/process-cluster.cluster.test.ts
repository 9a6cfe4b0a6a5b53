import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ProcessCluster } from './process-cluster.js';
import { contentOf } from './seeded-random.js';

const MiB = 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'aether-cluster-'));
let cluster: ProcessCluster | null = null;

afterEach(async () => {
  await cluster?.killAll();
  rmSync(folder, { recursive: true, force: true });
});

test('a whole cluster takes writes, loses a datanode without anybody noticing, and ends cleanly on SIGTERM', async () => {
  cluster = await ProcessCluster.create({ folder, datanodes: 3, gateways: 1, timeFactor: 0.1 });
  await cluster.startAll();
  await cluster.whenLive(3);
  const client = cluster.client();
  expect((await client.request({ method: 'PUT', path: '/bucket' })).status).toBe(200);
  const sizes = [0, 1000, 300_000, 40 * MiB];
  for (const sizeBytes of sizes) {
    expect((await client.request({ method: 'PUT', path: `/bucket/${sizeBytes}`, body: contentOf(`${sizeBytes}`, sizeBytes) })).status).toBe(
      200,
    );
  }
  await cluster.kill('datanode-1');
  for (const sizeBytes of sizes) {
    const { status, body } = await client.request({ method: 'GET', path: `/bucket/${sizeBytes}` });
    expect(status).toBe(200);
    expect(body.equals(contentOf(`${sizeBytes}`, sizeBytes))).toBe(true);
    expect((await client.request({ method: 'PUT', path: `/bucket/again-${sizeBytes}`, body })).status).toBe(200);
  }
  client.close();
  await cluster.stopAll();
  for (const name of ['master', 'datanode-0', 'datanode-2', 'gateway-0'])
    expect([name, cluster.process(name).end]).toEqual([name, { code: 0, signal: null }]);
});
