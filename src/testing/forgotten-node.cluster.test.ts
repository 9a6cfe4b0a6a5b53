import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ProcessCluster } from './process-cluster.js';
import { runAether } from './run-aether.js';
import { contentOf } from './seeded-random.js';

const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
const sizeBytes = 300_000;
let folder: string;
let cluster: ProcessCluster;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-forgotten-'));
});

afterEach(async () => {
  await cluster.killAll();
  rmSync(folder, { recursive: true, force: true });
});

interface Node {
  id: string;
  address: string;
  state: string;
}

const nodes = async (): Promise<Node[]> => ((await cluster.masterGet('/api/nodes')) as { nodes: Node[] }).nodes;
const nodeOf = async (name: string): Promise<Node | undefined> => (await nodes()).find(({ address }) => address === cluster.address(name));
const verdict = async (): Promise<string> => ((await cluster.masterGet('/api/status')) as { verdict: string }).verdict;

/** What `aether node forget` says, in one word. */
async function forget(id: string): Promise<string> {
  const variables = { AETHER_MASTER_ADDRESS: cluster.address('master'), AETHER_REST_TOKEN: cluster.restToken };
  const { out, err } = await runAether(['node', 'forget', id, '--yes', '-o', 'json'], { folder, variables });
  const answer = JSON.parse(out || err) as { status?: string; error?: { code: string } };
  return answer.error?.code ?? answer.status ?? '';
}

async function readAll(): Promise<void> {
  const client = cluster.client();
  for (const key of keys) {
    const got = await client.request({ method: 'GET', path: `/kept/${key}` });
    expect([key, got.status, got.body.equals(contentOf(key, sizeBytes))]).toEqual([key, 200, true]);
  }
  client.close();
}

test('a datanode that is lost for good is forgotten once its copies are made anew', { timeout: 600_000 }, async () => {
  cluster = await ProcessCluster.create({ folder, datanodes: 4, gateways: 1, timeFactor: 0.1 });
  for (const name of cluster.names) if (name !== 'datanode-3') cluster.start(name);
  await cluster.whenWritable();
  await cluster.whenLive(3);
  const client = cluster.client();
  expect((await client.request({ method: 'PUT', path: '/kept' })).status).toBe(200);
  for (const key of keys)
    expect((await client.request({ method: 'PUT', path: `/kept/${key}`, body: contentOf(key, sizeBytes) })).status).toBe(200);
  client.close();

  // 1. It may still serve; it is down; nobody can take its copies: none of this is a reason to forget it.
  const { id } = (await nodeOf('datanode-1'))!;
  expect(await forget(id)).toBe('node-present');
  await cluster.kill('datanode-1');
  await cluster.until('it is down', async () => (await nodeOf('datanode-1'))?.state === 'down');
  expect(await forget(id)).toBe('node-present');
  await cluster.until('it is repairing', async () => (await nodeOf('datanode-1'))?.state === 'repairing', 120_000);
  expect(await forget(id)).toBe('node-holds-copies');
  expect(await verdict()).toBe('degraded');

  // 2. A fourth one takes them.
  cluster.start('datanode-3');
  await cluster.whenLive(3);
  await cluster.until('it is forgotten', async () => (await forget(id)) === 'forgotten', 120_000);
  await cluster.until('all is whole', async () => (await verdict()) === 'healthy', 120_000);
  expect(await nodes()).toHaveLength(3);
  await readAll();

  // 3. So it is after a start of the master, and when its volume comes back.
  await cluster.kill('master');
  cluster.start('master');
  await cluster.whenLive(3);
  expect(await nodeOf('datanode-1')).toBeUndefined();
  cluster.start('datanode-1');
  await cluster.until('it is told so', () => Promise.resolve(cluster.process('datanode-1').lastOutput(50).includes('node-forgotten')));
  expect((await fetch(`${cluster.adminAddress('datanode-1')}/readyz`)).status).toBe(503);
  expect(await nodes()).toHaveLength(3);
  await readAll();

  // 4. With an empty volume it is another node.
  await cluster.kill('datanode-1');
  rmSync(cluster.dataPath('datanode-1'), { recursive: true });
  rmSync(join(folder, '.datanode-1.aetherstore-volume')); // says that a volume should be there
  cluster.start('datanode-1');
  await cluster.whenLive(4);
  expect((await nodeOf('datanode-1'))?.id).not.toBe(id);
  expect(await verdict()).toBe('healthy');
  await readAll();
});
