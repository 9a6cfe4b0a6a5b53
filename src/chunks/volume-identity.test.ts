import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { StartRefused } from '../base/start-refused.js';
import { makeVolumeFolder, openVolume, putBytes, newId, temporaryFolder, volumeParts } from '../testing/volume-fixture.js';
import { formatVolume, volumePaths } from './volume-identity.js';

describe('the identity of a volume', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let path: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = await makeVolumeFolder(folder.path);
  });

  afterEach(() => folder.remove());

  async function expectRefused(saying: RegExp): Promise<void> {
    const refused = await openVolume(path).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(StartRefused);
    expect((refused as StartRefused).message).toMatch(saying);
  }

  const format = (): Promise<void> => formatVolume(path, { clusterId: null, nodeId: systemRandom.uuidV4() }, volumeParts);

  it('stays the same over restarts, and each start has a boot number that was never there', async () => {
    const boots: number[] = [];
    const nodeIds = new Set<string>();
    for (let start = 0; start < 3; start += 1) {
      const volume = await openVolume(path);
      boots.push(volume.boot);
      nodeIds.add(volume.nodeId);
      await volume.close();
    }
    expect(boots).toEqual([1, 2, 3]);
    expect(nodeIds.size).toBe(1);
  });

  it('belongs to one process at a time', async () => {
    const volume = await openVolume(path);
    await expectRefused(/held by another process/);
    await volume.close();
    await (await openVolume(path)).close();
  });

  it('is adopted once', async () => {
    const cluster = systemRandom.uuidV4();
    let volume = await openVolume(path);
    expect(volume.clusterId).toBeNull();
    await volume.adopt(cluster);
    await volume.adopt(cluster);
    await expect(volume.adopt(systemRandom.uuidV4())).rejects.toMatchObject({ code: 'cluster-foreign' });
    await volume.close();
    volume = await openVolume(path);
    expect(volume.clusterId).toBe(cluster);
    await volume.close();
  });

  it('remembers the highest reign and refuses what is older, or another of the same epoch', async () => {
    const first = { epoch: 3, id: systemRandom.uuidV4() };
    let volume = await openVolume(path);
    expect(await volume.acceptReign(first)).toBe(true);
    expect(await volume.acceptReign(first)).toBe(true);
    expect(await volume.acceptReign({ epoch: 3, id: systemRandom.uuidV4() })).toBe(false);
    await volume.close();
    volume = await openVolume(path);
    expect(volume.reign).toEqual(first);
    expect(await volume.acceptReign({ epoch: 2, id: systemRandom.uuidV4() })).toBe(false);
    expect(await volume.acceptReign({ epoch: 4, id: systemRandom.uuidV4() })).toBe(true);
    await volume.close();
  });

  it('is not made in a folder that holds anything, nor twice', async () => {
    await expect(format()).rejects.toThrow(/is a volume already/);
    path = join(folder.path, 'other');
    await mkdir(path);
    await writeFile(join(path, 'photo.jpg'), 'not ours');
    await expect(format()).rejects.toThrow(/holds files \(photo\.jpg\)/);
    await expectRefused(/holds files/);
  });

  it('is made anew after a format that was cut', async () => {
    await rm(volumePaths(path).format);
    await rm(volumePaths(path).expectation);
    await format();
    await (await openVolume(path)).close();
  });

  it('is missed where its disk is not mounted, with the way out in the message', async () => {
    await rename(path, join(folder.path, 'unplugged'));
    await mkdir(path);
    await expectRefused(/unexpectedly empty.*Mount its disk.*remove /);
    await expect(format()).rejects.toThrow(/unexpectedly empty/);
    await rm(volumePaths(path).expectation);
    await format();
    await (await openVolume(path)).close();
  });

  it('is refused when a newer program wrote it, or when its own files are damaged', async () => {
    const paths = volumePaths(path);
    const text = await readFile(paths.format, 'utf8');
    await writeFile(paths.format, JSON.stringify({ ...(JSON.parse(text) as object), formatVersion: 99 }));
    await expectRefused(/format version 99.*newer AetherStore/);
    await writeFile(paths.format, text.slice(0, 20));
    await expectRefused(/format\.json is damaged/);
    await writeFile(paths.format, text);
    const state = await readFile(paths.state, 'utf8');
    await writeFile(paths.state, '');
    await expectRefused(/state\.json is missing or damaged/);
    await writeFile(paths.state, state);
    await rename(paths.segments, `${paths.segments}-gone`);
    await expectRefused(/segments is missing/);
  });

  it('is refused when there is no such folder', async () => {
    path = join(folder.path, 'nowhere');
    await expectRefused(/cannot be read \(ENOENT\)/);
  });

  it('takes no more after it was closed', async () => {
    const volume = await openVolume(path);
    const id = newId();
    await putBytes(volume, id, Buffer.from('before'));
    const extent = await volume.beginExtent(
      { id: newId(), kind: 'chunk', generation: 1, origin: { bucketId: null, key: null, partNumber: null, index: 0 } },
      'repeatable',
    );
    await volume.close();
    await expect(putBytes(volume, newId(), Buffer.from('after'))).rejects.toMatchObject({ code: 'node-closed' });
    await expect(volume.delete(id)).rejects.toMatchObject({ code: 'node-closed' });
    await expect(extent.write(Buffer.from('after'))).rejects.toMatchObject({ code: 'node-closed' });
  });
});
