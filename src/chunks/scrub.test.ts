import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { damageOnDisk } from '../testing/damage-on-disk.js';
import { makeVolumeFolder, newId, openVolume, putBytes, readAll, temporaryFolder } from '../testing/volume-fixture.js';
import type { Volume } from './volume.js';

describe('a damaged copy', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let path: string;
  let volume: Volume;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = await makeVolumeFolder(folder.path);
    volume = await openVolume(path);
  });

  afterEach(async () => {
    await volume.close();
    await folder.remove();
  });

  it.each([5000, 300_000])('of %i bytes is reported by name, never served, kept, and replaced by a good one', async (sizeBytes) => {
    const good = newId();
    const bad = newId();
    const bytes = systemRandom.bytes(sizeBytes);
    await putBytes(volume, good, systemRandom.bytes(sizeBytes));
    await putBytes(volume, bad, bytes);
    damageOnDisk(path, bytes.subarray(1000, 1064));

    const walk = await volume.scrubOnce(Number.MAX_SAFE_INTEGER);
    expect(walk).toMatchObject({ checkedChunks: 2, damagedIds: [bad], passDone: true });
    expect(await volume.verify(bad)).toBe('damaged');
    expect(await volume.verify(good)).toBe('sound');
    expect(await volume.verify(newId())).toBe('unknown');
    expect(volume.statistics.damagedChunks).toBe(1);
    expect(volume.facts(bad)).not.toBeNull();

    expect(await putBytes(volume, bad, bytes)).toBe('stored');
    expect(volume.statistics.damagedChunks).toBe(0);
    expect((await readAll(volume, bad)).equals(bytes)).toBe(true);
    await volume.close();
    volume = await openVolume(path);
    expect((await readAll(volume, bad)).equals(bytes)).toBe(true);
    expect((await volume.scrubOnce(Number.MAX_SAFE_INTEGER)).damagedIds).toEqual([]);
    expect(await volume.delete(bad)).toBe(true);
    await volume.close();
    volume = await openVolume(path);
    expect(volume.facts(bad)).toBeNull();
  });

  it('is refused as damaged, not as unknown, when its file is gone or cut short', async () => {
    const id = newId();
    await putBytes(volume, id, systemRandom.bytes(300_000));
    const home = join(path, 'extents', id.slice(-2));
    const [name] = await readdir(home);
    const file = await open(join(home, name!), 'r+');
    await file.truncate(200_000);
    await file.close();
    await expect(volume.openRead(id)).rejects.toMatchObject({ code: 'chunk-damaged' });
    expect((await readFile(join(home, name!))).length).toBe(200_000);
  });

  it('keeps the segment that holds it from compaction', async () => {
    const ids = Array.from({ length: 200 }, newId);
    const bytes = systemRandom.bytes(16_384);
    await Promise.all(ids.map((id, index) => putBytes(volume, id, index === 0 ? bytes : systemRandom.bytes(16_384))));
    damageOnDisk(path, bytes.subarray(100, 200));
    await Promise.all(ids.slice(1).map((id) => volume.delete(id)));
    for (let round = 0; round < 10 && (await volume.compactOnce()); round += 1);
    expect(volume.statistics.damagedChunks).toBe(1);
    await expect(volume.openRead(ids[0]!)).rejects.toMatchObject({ code: 'chunk-damaged' });
    await putBytes(volume, ids[0]!, bytes);
    expect((await readAll(volume, ids[0]!)).equals(bytes)).toBe(true);
  });
});
