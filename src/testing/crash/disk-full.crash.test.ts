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
const objectsMax = 4000;
const writersCount = 16;
/** Placement looks at free space: beside a disk of this size a small one still gets its share. */
const roomyBytes = 600 * MiB;

let folder = '';
let cluster: ProcessCluster | null = null;
let mounts: LoopMount[] = [];

interface NodeRow {
  id: string;
  condition: string;
}

/** Three datanodes with room and a fourth on a small file system. */
async function startWithSmallDisk(disk: { sizeBytes: number; inodes?: number }): Promise<ProcessCluster> {
  folder = mkdtempSync(join(tmpdir(), 'aether-full-'));
  mounts = [await LoopMount.create({ folder, name: 'small-disk', type: 'ext4', ...disk })];
  const dataPaths: Record<string, string> = { 'datanode-3': mounts[0]!.path };
  for (const name of ['datanode-0', 'datanode-1', 'datanode-2']) {
    const mount = await LoopMount.create({ folder, name: `disk-of-${name}`, type: 'ext4', sizeBytes: roomyBytes });
    mounts.push(mount);
    dataPaths[name] = mount.path;
  }
  const environment = { AETHER_DELETE_GRACE_MS: '1000', AETHER_FILL_CHECK_MS: '300' };
  cluster = await ProcessCluster.create({ folder, datanodes: 4, gateways: 1, timeFactor, dataPaths, environment });
  await cluster.startAll();
  await cluster.whenLive(4);
  return cluster;
}

async function conditions(of: ProcessCluster): Promise<string[]> {
  return ((await of.masterGet('/api/nodes')) as { nodes: NodeRow[] }).nodes.map((node) => node.condition);
}

afterEach(async () => {
  await cluster?.killAll();
  for (const mount of mounts) await mount.destroy();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(whyNoMounts() !== null)('the disk of one datanode of four is full', () => {
  test.each([
    { what: 'by bytes', disk: { sizeBytes: 96 * MiB }, objectBytes: 200 * KiB },
    { what: 'by inodes', disk: { sizeBytes: 400 * MiB, inodes: 640 }, objectBytes: 257 * KiB },
  ])('$what: it is read-only, writes go elsewhere, reads and deletes work, it comes back by itself', async ({ disk, objectBytes }) => {
    const running = await startWithSmallDisk(disk);
    const client = running.client();
    expect((await client.request({ method: 'PUT', path: '/full' })).status).toBe(200);
    const names: string[] = [];
    const put = async (): Promise<void> => {
      const name = `object-${names.length}`;
      names.push(name);
      const { status, body } = await client.request({ method: 'PUT', path: `/full/${name}`, body: contentOf(name, objectBytes) });
      expect(status, body.toString()).toBe(200);
    };

    const filling = new AbortController();
    const writers = Array.from({ length: writersCount }, async () => {
      while (!filling.signal.aborted && names.length < objectsMax) await put();
    });
    await running.until('the small disk is full', async () => (await conditions(running)).includes('read-only'), 300_000);
    filling.abort();
    await Promise.all(writers);
    const whenFull = names.length;
    for (let more = 0; more < 30; more += 1) await put();
    expect(await conditions(running)).toContain('read-only');

    // reads, from the full node too, and a delete of most
    const kept = names.slice(0, 20);
    await inParallel(names, async (name) => {
      const { status, body } = await client.request({ method: 'GET', path: `/full/${name}` });
      expect([status, body.equals(contentOf(name, objectBytes))]).toEqual([200, true]);
    });
    await inParallel(names.slice(20), async (name) => {
      expect((await client.request({ method: 'DELETE', path: `/full/${name}` })).status).toBe(204);
    });
    const open = async (): Promise<boolean> => (await conditions(running)).every((condition) => condition === 'open');
    await running.until('the node takes chunks again', open, 180_000);
    await put();
    for (const name of kept) {
      expect((await client.request({ method: 'GET', path: `/full/${name}` })).body.equals(contentOf(name, objectBytes))).toBe(true);
    }
    client.close();
    console.log(JSON.stringify({ disk, objectBytes, whenFull, written: names.length }));
  });
});

/** A few at a time, in their order. */
async function inParallel(names: readonly string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names];
  await Promise.all(
    Array.from({ length: writersCount }, async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
    }),
  );
}
