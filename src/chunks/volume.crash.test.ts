import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { LoopMount, PowerSwitch, whyNoMounts, type FileSystemType } from '../testing/loop-mount.js';
import { makeVolumeFolder, newId, openVolume, putBytes, readAll, smallLimits, temporaryFolder } from '../testing/volume-fixture.js';
import type { Volume } from './volume.js';

const MiB = 1024 * 1024;
const limits = { ...smallLimits, fillCheckMs: 50 };

/** Closes a volume on a dead disk: only its descriptors matter. */
async function letGo(volume: Volume): Promise<void> {
  await volume.close().catch(() => undefined);
}

describe.skipIf(whyNoMounts() !== null)('a volume on a file system of its own', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let mounts = 0;

  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  async function onMount(
    options: { type: FileSystemType; sizeBytes: number; inodes?: number },
    work: (mount: LoopMount, path: string) => Promise<void>,
  ): Promise<void> {
    mounts += 1;
    const mount = await LoopMount.create({ folder: folder.path, name: `mount-${mounts}`, ...options });
    try {
      await work(mount, await makeVolumeFolder(mount.path));
    } finally {
      await mount.destroy();
    }
  }

  it.each<[FileSystemType, number]>([
    ['ext4', 64 * MiB],
    ['xfs', 320 * MiB],
  ])(
    'loses nothing that it acknowledged when the power of %s goes directly after the last answer',
    (type, sizeBytes) =>
      onMount({ type, sizeBytes }, async (mount, path) => {
        const contents = new Map<string, Buffer>();
        const deleted: string[] = [];
        for (let cycle = 0; cycle < 6; cycle += 1) {
          const volume = await openVolume(path, limits, () => undefined);
          expect(volume.condition).toBe('open');
          for (const [id, bytes] of contents) expect((await readAll(volume, id)).equals(bytes)).toBe(true);
          for (const id of deleted) expect(volume.facts(id)).toBeNull();
          const power = await PowerSwitch.arm([mount]);
          const sizes = [1, 5000, 200_000, 300_000, 1_500_000];
          await Promise.all(
            sizes.map(async (size) => {
              const id = newId();
              const bytes = systemRandom.bytes(size);
              await putBytes(volume, id, bytes);
              contents.set(id, bytes);
            }),
          );
          // The last thing acknowledged differs from cycle to cycle: a delete, a packed chunk, an extent.
          const last = newId();
          const bytes = systemRandom.bytes(cycle % 3 === 1 ? 700 : 400_000);
          if (cycle % 3 === 0) {
            const id = [...contents.keys()][cycle]!;
            await volume.delete(id);
            contents.delete(id);
            deleted.push(id);
          } else {
            await putBytes(volume, last, bytes);
            contents.set(last, bytes);
          }
          await power.cut();
          await letGo(volume);
          await mount.remount();
        }
        const volume = await openVolume(path, limits);
        expect(volume.condition).toBe('open');
        expect(volume.statistics.chunkCount).toBe(contents.size);
        await volume.close();
      }),
    120_000,
  );

  it(
    'acknowledges nothing on a dead disk, says so once, and comes back quarantined or recovered',
    () =>
      onMount({ type: 'ext4', sizeBytes: 64 * MiB }, async (mount, path) => {
        const faults: Error[] = [];
        const kept = newId();
        const volume = await openVolume(path, limits, (error) => faults.push(error));
        await putBytes(volume, kept, Buffer.from('kept'));
        const extent = await volume.beginExtent(
          { id: newId(), kind: 'chunk', generation: 1, origin: { bucketId: null, key: null, partNumber: null, index: 0 } },
          'repeatable',
        );
        await extent.write(systemRandom.bytes(MiB));
        await (await PowerSwitch.arm([mount])).cut();
        const outcomes = await Promise.allSettled([
          putBytes(volume, newId(), Buffer.from('lost')),
          putBytes(volume, newId(), Buffer.from('lost')),
          extent.seal({ lengthBytes: MiB, crc32c: 0 }),
          volume.delete(kept),
          putBytes(volume, newId(), systemRandom.bytes(300_000)),
        ]);
        expect(outcomes.map((outcome) => outcome.status)).toEqual(Array.from({ length: 5 }, () => 'rejected'));
        expect(faults).toHaveLength(1);
        expect(volume.condition).toBe('quarantined');
        await expect(putBytes(volume, newId(), Buffer.from('lost'))).rejects.toMatchObject({ code: 'node-closed' });
        await expect(volume.clearQuarantine()).rejects.toMatchObject({ code: 'node-closed' });
        await letGo(volume);
        await mount.remount();
        const again = await openVolume(path, limits);
        expect((await readAll(again, kept)).toString()).toBe('kept');
        expect(again.statistics.chunkCount).toBe(1);
        await again.close();
      }),
    60_000,
  );

  it(
    'turns read-only on a full disk, still reads and deletes, and takes chunks again when there is room',
    () =>
      onMount({ type: 'ext4', sizeBytes: 48 * MiB }, async (mount, path) => {
        const eager = { ...limits, readOnlyFillFraction: 2, warnFillFraction: 2, backFillFraction: 2 };
        let volume = await openVolume(path, eager);
        const stored: string[] = [];
        const full = async (sizeBytes: number): Promise<void> => {
          for (;;) {
            const id = newId();
            await putBytes(volume, id, systemRandom.bytes(sizeBytes));
            stored.push(id);
          }
        };
        await writeFile(join(mount.path, 'of others'), Buffer.alloc(8 * MiB));
        await expect(full(300_000)).rejects.toMatchObject({ code: 'storage-full' });
        await expect(Promise.all([full(20_000), full(20_000), full(20_000)])).rejects.toMatchObject({ code: 'storage-full' });
        expect(volume.condition).not.toBe('quarantined');
        expect(await volume.verify(stored[0]!)).toBe('sound');
        expect(await volume.acceptReign({ epoch: 5, id: systemRandom.uuidV4() })).toBe(true);
        for (const id of stored.filter((_, index) => index % 2 === 0)) expect(await volume.delete(id)).toBe(true);
        for (let round = 0; round < 50 && (await volume.compactOnce()); round += 1);
        await volume.close();
        volume = await openVolume(path, eager);
        await expect.poll(() => volume.condition).toBe('open');
        await putBytes(volume, newId(), systemRandom.bytes(300_000));
        await putBytes(volume, newId(), systemRandom.bytes(20_000));
        for (const [index, id] of stored.entries()) expect(await volume.verify(id)).toBe(index % 2 === 0 ? 'unknown' : 'sound');
        await volume.close();
      }),
    120_000,
  );

  it(
    'keeps to its watermarks by itself',
    () =>
      onMount({ type: 'ext4', sizeBytes: 64 * MiB }, async (mount, path) => {
        const volume = await openVolume(path, limits);
        const stored: string[] = [];
        await expect(
          (async () => {
            for (;;) {
              const id = newId();
              await putBytes(volume, id, systemRandom.bytes(300_000));
              stored.push(id);
              await new Promise((resolve) => setImmediate(resolve));
            }
          })(),
        ).rejects.toMatchObject({ code: 'storage-full' });
        await expect.poll(() => volume.statistics.fillFraction).toBeGreaterThan(0.85);
        expect(volume.condition).toBe('read-only');
        for (const id of stored) await volume.delete(id);
        await expect.poll(() => volume.condition, { timeout: 5000 }).toBe('open');
        await volume.close();
      }),
    60_000,
  );

  it(
    'turns read-only when the inodes run out, and comes back',
    () =>
      onMount({ type: 'ext4', sizeBytes: 64 * MiB, inodes: 400 }, async (mount, path) => {
        const volume = await openVolume(path, limits);
        await mkdir(join(mount.path, 'of others'));
        const stored: string[] = [];
        await expect(
          (async () => {
            for (;;) {
              const id = newId();
              await putBytes(volume, id, systemRandom.bytes(270_000));
              stored.push(id);
            }
          })(),
        ).rejects.toMatchObject({ code: 'storage-full' });
        expect(stored.length).toBeLessThan(150);
        for (const id of stored) expect(await volume.delete(id)).toBe(true);
        await expect.poll(() => volume.condition, { timeout: 5000 }).toBe('open');
        await volume.close();
      }),
    60_000,
  );
});
