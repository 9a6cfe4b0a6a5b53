import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { LoopMount, whyNoMounts } from '../loop-mount.js';
import { ProcessCluster } from '../process-cluster.js';
import { contentOf } from '../seeded-random.js';

const MiB = 1024 * 1024;
const volumeBytes = 96 * MiB;
/** Less than the share of such a volume that the master wants free, and room for many deletes. */
const leftBytes = 4 * MiB;
const objectBytes = 2000;

let folder = '';
let cluster: ProcessCluster | null = null;
let mount: LoopMount | null = null;

/** Writes the file on until only so much is free, or until nothing more goes in. */
async function fill(path: string, mountPath: string, leftFreeBytes: number): Promise<void> {
  const descriptor = openSync(path, 'a');
  try {
    for (let stepBytes = MiB; stepBytes >= 512;) {
      const { bavail, bsize } = await statfs(mountPath);
      if (leftFreeBytes > 0 && bavail * bsize <= leftFreeBytes) break;
      try {
        writeSync(descriptor, Buffer.alloc(stepBytes, 1));
        fsyncSync(descriptor); // free space is counted when blocks are given out
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        stepBytes /= 2;
      }
    }
  } finally {
    closeSync(descriptor);
  }
}

afterEach(async () => {
  await cluster?.killAll();
  await mount?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(whyNoMounts() !== null)('the volume of the metadata is full', () => {
  test('writes are refused, reads and deletes go on, the master stays up and takes writes again when there is room', async () => {
    folder = mkdtempSync(join(tmpdir(), 'aether-master-full-'));
    mount = await LoopMount.create({ folder, name: 'master-disk', type: 'ext4', sizeBytes: volumeBytes });
    const dataPaths = { master: join(mount.path, 'data') };
    const running = await ProcessCluster.create({ folder, datanodes: 3, gateways: 1, timeFactor: 0.1, dataPaths });
    cluster = running;
    await running.startAll();
    const client = running.client();
    const put = async (name: string) => client.request({ method: 'PUT', path: `/readiness/${name}`, body: contentOf(name, objectBytes) });
    const isRead = async (name: string): Promise<boolean> =>
      (await client.request({ method: 'GET', path: `/readiness/${name}` })).body.equals(contentOf(name, objectBytes));
    const drop = async (name: string) => (await client.request({ method: 'DELETE', path: `/readiness/${name}` })).status;
    const names = Array.from({ length: 40 }, (_, index) => `object-${index}`);
    for (const name of names) expect((await put(name)).status).toBe(200);
    const expectRefusal = async (name: string): Promise<void> => {
      const { status, body } = await put(name);
      expect([status, body.toString()]).toEqual([503, expect.stringContaining('volume of the metadata has no room')]);
    };

    // 1. Little room: what would add is refused.
    const ballast = join(mount.path, 'ballast');
    await fill(ballast, mount.path, leftBytes);
    await running.until('a write is refused', async () => (await put('more')).status === 503, 10_000);
    await expectRefusal('more');
    expect((await client.request({ method: 'PUT', path: '/another' })).status).toBe(503);
    expect(await running.masterGet('/api/status')).toMatchObject({ verdict: 'writes-stopped', writesSurviveNodes: 0 });
    for (const name of names.slice(0, 20)) expect(await drop(name)).toBe(204);
    for (const name of names.slice(20)) expect(await isRead(name)).toBe(true);

    // 2. None at all: whatever finds no room is refused, nothing dies.
    await fill(ballast, mount.path, 0);
    for (let times = 0; times < 20; times += 1) await expectRefusal('more');
    for (const name of names.slice(20)) expect([204, 503]).toContain(await drop(name));
    expect(running.process('master').end).toBeNull();

    // 3. A start without room says why, in one line; with a little it begins, and still takes nothing.
    await running.kill('master');
    await fill(ballast, mount.path, 0);
    const { code } = await running.start('master').ended;
    expect(code).toBe(2);
    expect(running.process('master').lastOutput(3)).toMatch(/too full .*make room/);

    // 4. Room again.
    truncateSync(ballast, 0);
    running.start('master');
    await running.until('writes are taken again', async () => (await put('after')).status === 200, 30_000);
    expect(await running.masterGet('/api/status')).not.toMatchObject({ verdict: 'writes-stopped' });
    expect(await isRead('after')).toBe(true);

    await fill(ballast, mount.path, leftBytes);
    await running.until('a write is refused again', async () => (await put('more')).status === 503, 10_000);
    truncateSync(ballast, 0);
    await running.until('and is taken without a start', async () => (await put('more')).status === 200, 10_000);
    expect(running.process('master').end).toBeNull();
    client.close();
  });
});
