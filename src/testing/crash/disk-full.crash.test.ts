import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { LoopMount, whyNoMounts } from '../loop-mount.js';
import { ProcessCluster } from '../process-cluster.js';
import { contentOf } from '../seeded-random.js';
import { testSetting } from '../test-settings.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const timeFactor = testSetting('TIME_FACTOR', 0.1);
/** Far more than the small disk needs to be full. */
const objectsMax = 3000;

let folder = '';
let cluster: ProcessCluster | null = null;
let mount: LoopMount | null = null;

interface NodeRow {
  id: string;
  condition: string;
}

/** Three datanodes with room and one on a file system of its own. */
async function startWithSmallDisk(disk: { sizeBytes: number; inodes?: number }): Promise<ProcessCluster> {
  folder = mkdtempSync(join(tmpdir(), 'aether-full-'));
  mount = await LoopMount.create({ folder, name: 'small-disk', type: 'ext4', ...disk });
  cluster = await ProcessCluster.create({
    folder,
    datanodes: 4,
    gateways: 1,
    timeFactor,
    dataPaths: { 'datanode-3': mount.path },
    environment: { AETHER_DELETE_GRACE_MS: '1000' },
  });
  await cluster.startAll();
  await cluster.whenLive(4);
  return cluster;
}

async function conditions(of: ProcessCluster): Promise<string[]> {
  return ((await of.masterGet('/api/nodes')) as { nodes: NodeRow[] }).nodes.map((node) => node.condition);
}

afterEach(async () => {
  await cluster?.killAll();
  await mount?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(whyNoMounts() !== null)('the disk of one datanode of four is full', () => {
  test.each([
    { what: 'by bytes', disk: { sizeBytes: 96 * MiB }, objectBytes: 200 * KiB },
    { what: 'by inodes', disk: { sizeBytes: 512 * MiB, inodes: 1600 }, objectBytes: 257 * KiB },
  ])('$what: it is read-only, writes go elsewhere, reads and deletes work, it comes back by itself', async ({ disk, objectBytes }) => {
    const running = await startWithSmallDisk(disk);
    const client = running.client();
    expect((await client.request({ method: 'PUT', path: '/full' })).status).toBe(200);
    const names: string[] = [];
    const put = async (): Promise<void> => {
      const name = `object-${names.length}`;
      const { status, body } = await client.request({ method: 'PUT', path: `/full/${name}`, body: contentOf(name, objectBytes) });
      expect(status, body.toString()).toBe(200);
      names.push(name);
    };

    while (!(await conditions(running)).includes('read-only')) {
      expect(names.length).toBeLessThan(objectsMax);
      await put();
    }
    const whenFull = names.length;
    for (let more = 0; more < 20; more += 1) await put();

    // reads, from the full node too, and a delete of most
    for (const name of names) {
      const { status, body } = await client.request({ method: 'GET', path: `/full/${name}` });
      expect(status).toBe(200);
      expect(body.equals(contentOf(name, objectBytes))).toBe(true);
    }
    for (const name of names.slice(20)) expect((await client.request({ method: 'DELETE', path: `/full/${name}` })).status).toBe(204);
    await running.until(
      'the node takes chunks again',
      async () => (await conditions(running)).every((condition) => condition === 'open'),
      120_000,
    );
    await put();
    for (const name of names.slice(0, 20)) {
      expect((await client.request({ method: 'GET', path: `/full/${name}` })).body.equals(contentOf(name, objectBytes))).toBe(true);
    }
    client.close();
    console.log(JSON.stringify({ disk, objectBytes, whenFull, written: names.length }));
  });
});
