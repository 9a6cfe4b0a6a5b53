import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { crashImage } from '../testing/crash-image.js';
import { makeVolumeFolder, newId, openVolume, putBytes, readAll, smallLimits, temporaryFolder } from '../testing/volume-fixture.js';
import type { CompactionStep } from './compaction.js';
import type { Volume } from './volume.js';

const KiB = 1024;

async function compactFully(opened: Volume): Promise<void> {
  for (let round = 0; round < 100; round += 1) if (!(await opened.compactOnce())) return;
  throw new Error('compaction does not come to an end');
}

describe('compaction', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let path: string;
  let volume: Volume;
  let contents: Map<string, Buffer>;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = await makeVolumeFolder(folder.path);
    volume = await openVolume(path);
    contents = new Map();
  });

  afterEach(async () => {
    await volume.close();
    await folder.remove();
  });

  async function fill(count: number, sizeBytes: number): Promise<string[]> {
    const ids = Array.from({ length: count }, newId);
    await Promise.all(
      ids.map(async (id) => {
        contents.set(id, systemRandom.bytes(sizeBytes));
        await putBytes(volume, id, contents.get(id)!);
      }),
    );
    return ids;
  }

  async function drop(ids: string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        contents.delete(id);
        await volume.delete(id);
      }),
    );
  }

  async function expectAll(opened: Volume, dropped: string[]): Promise<void> {
    expect(opened.condition).toBe('open');
    expect(opened.statistics.chunkCount).toBe(contents.size);
    for (const [id, bytes] of contents) expect((await readAll(opened, id)).equals(bytes)).toBe(true);
    for (const id of dropped) expect(opened.facts(id)).toBeNull();
  }

  it('gives the space of deleted chunks back and loses nothing', async () => {
    const ids = await fill(600, 16 * KiB);
    const dropped = ids.filter((_, index) => index % 2 === 0);
    await drop(dropped);
    await compactFully(volume);
    await expectAll(volume, dropped);
    expect(volume.statistics.segmentBytes).toBeLessThan(volume.statistics.liveBytes * 1.3);
    await volume.close();
    volume = await openVolume(path);
    await expectAll(volume, dropped);
  }, 60_000);

  it('takes everything back when everything was deleted, tombstones included', async () => {
    const ids = await fill(300, 16 * KiB);
    await drop(ids);
    await fill(80, 16 * KiB);
    await compactFully(volume);
    await expectAll(volume, ids);
    expect(volume.statistics.segmentBytes).toBeLessThan(volume.statistics.liveBytes * 1.3);
    await volume.close();
    volume = await openVolume(path);
    await compactFully(volume);
    await expectAll(volume, ids);
  }, 60_000);

  it('keeps a few released segments, and their stale bytes never come back', async () => {
    const spares = async () => (await readdir(join(path, 'segments'))).filter((name) => name.endsWith('.spare')).length;
    const stale = await fill(1200, 16 * KiB);
    await drop(stale);
    await compactFully(volume);
    await volume.writtenAhead();
    expect(await spares()).toBe(smallLimits.sparesMax);
    await fill(200, 16 * KiB);
    await volume.writtenAhead();
    expect(await spares()).toBeLessThan(smallLimits.sparesMax);
    await expectAll(volume, stale);
    await volume.close();
    volume = await openVolume(path);
    await expectAll(volume, stale);
  }, 60_000);

  it('does nothing when nothing was deleted', async () => {
    await fill(200, 16 * KiB);
    const segmentsBefore = volume.statistics.segmentCount;
    expect(await volume.compactOnce()).toBe(false);
    expect(volume.statistics.segmentCount).toBe(segmentsBefore);
  });

  it('loses nothing and revives nothing, wherever it is cut, also when cut again in the next start', async () => {
    const ids = await fill(260, 16 * KiB);
    const dropped = ids.filter((_, index) => index % 3 !== 0);
    await drop(dropped);
    const seen = new Set<CompactionStep>();
    let images = 0;
    for (let round = 0; round < 3; round += 1) {
      for await (const step of volume.compaction()) {
        seen.add(step);
        images += 1;
        const image = await crashImage(path, join(folder.path, `image-${images}`));
        const opened = await openVolume(image);
        await expectAll(opened, dropped);
        await compactFully(opened);
        await expectAll(opened, dropped);
        await opened.close();
      }
    }
    expect([...seen].sort()).toEqual(['copied', 'hinted', 'named', 'released', 'reserved', 'switched']);
    await expectAll(volume, dropped);
  }, 120_000);

  it('keeps what is deleted, and serves what is read, while it runs', async () => {
    const ids = await fill(260, 16 * KiB);
    const dropped = ids.filter((_, index) => index % 2 === 0);
    await drop(dropped);
    const alive = ids.filter((_, index) => index % 2 === 1);
    const readers = await Promise.all(alive.slice(0, 20).map((id) => volume.openRead(id)));
    for await (const step of volume.compaction()) {
      const victim = alive.pop()!;
      await drop([victim]);
      dropped.push(victim);
      await Promise.all(alive.slice(0, 30).map(async (id) => expect((await readAll(volume, id)).equals(contents.get(id)!)).toBe(true)));
      expect(step).toBeTypeOf('string');
    }
    for (const reader of readers) reader.release();
    await expectAll(volume, dropped);
    await compactFully(volume);
    await volume.close();
    volume = await openVolume(path);
    await expectAll(volume, dropped);
  }, 60_000);

  it('merges the small segments that many restarts leave', async () => {
    for (let restart = 0; restart < smallLimits.smallSegmentsMax + 4; restart += 1) {
      await fill(1, KiB);
      await volume.close();
      volume = await openVolume(path);
    }
    expect(volume.statistics.segmentCount).toBeGreaterThan(smallLimits.smallSegmentsMax);
    await compactFully(volume);
    expect(volume.statistics.segmentCount).toBeLessThanOrEqual(4);
    await expectAll(volume, []);
  }, 60_000);

  it('keeps extents readable whose records it moves, and removes the file of a deleted one', async () => {
    const extents = await fill(3, 300 * KiB);
    const packed = await fill(130, 16 * KiB);
    await drop([...packed, extents[0]!]);
    await compactFully(volume);
    await volume.close();
    volume = await openVolume(path);
    await compactFully(volume);
    await expectAll(volume, [...packed, extents[0]!]);
  }, 60_000);
});
