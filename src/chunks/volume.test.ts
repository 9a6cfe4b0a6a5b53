import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c } from '../base/crc32c.js';
import { systemRandom } from '../base/random.js';
import { makeVolumeFolder, newId, openVolume, putBytes, readAll, temporaryFolder } from '../testing/volume-fixture.js';
import type { Volume } from './volume.js';

const KiB = 1024;

describe('a volume', () => {
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

  async function reopen(): Promise<void> {
    await volume.close();
    volume = await openVolume(path);
  }

  const sizes = [0, 1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, 256 * KiB - 1, 256 * KiB, 256 * KiB + 1, 320 * KiB, 1024 * KiB + 7];
  it.each(sizes)('gives back %i bytes as they were put, also after a restart', async (sizeBytes) => {
    const bytes = systemRandom.bytes(sizeBytes);
    const id = newId();
    expect(await putBytes(volume, id, bytes)).toBe('stored');
    expect((await readAll(volume, id)).equals(bytes)).toBe(true);
    await reopen();
    expect(volume.facts(id)).toEqual({
      id,
      lengthBytes: sizeBytes,
      crc32c: crc32c(bytes),
      kind: 'chunk',
      generation: 1,
      packed: sizeBytes <= 256 * KiB,
    });
    expect((await readAll(volume, id)).equals(bytes)).toBe(true);
  });

  it('answers a repeat with equal facts, and refuses other bytes under the id', async () => {
    const id = newId();
    await putBytes(volume, id, Buffer.from('first'));
    expect(await putBytes(volume, id, Buffer.from('first'))).toBe('repeated');
    await expect(putBytes(volume, id, Buffer.from('other'))).rejects.toMatchObject({ code: 'chunk-conflict' });
    await expect(putBytes(volume, id, Buffer.from('first'), 'exclusive')).rejects.toMatchObject({ code: 'object-exists' });
    expect((await readAll(volume, id)).toString()).toBe('first');
  });

  it('refuses bytes that are not those their sender spoke of, and stores nothing', async () => {
    const chunk = {
      id: newId(),
      lengthBytes: 5,
      crc32c: crc32c(Buffer.from('bytes')),
      kind: 'chunk' as const,
      generation: 1,
      origin: { bucketId: null, key: null, partNumber: null, index: 0 },
    };
    await expect(volume.putPacked(chunk, [Buffer.from('byte')], 'repeatable')).rejects.toMatchObject({ code: 'chunk-length-wrong' });
    await expect(volume.putPacked(chunk, [Buffer.from('Bytes')], 'repeatable')).rejects.toMatchObject({ code: 'chunk-crc-wrong' });
    expect(volume.facts(chunk.id)).toBeNull();
    await expect(volume.openRead(chunk.id)).rejects.toMatchObject({ code: 'chunk-unknown' });
  });

  it.each([1000, 300 * KiB])('lets exactly one of many racing exclusive puts of %i bytes win', async (sizeBytes) => {
    const id = newId();
    const bodies = Array.from({ length: 8 }, () => systemRandom.bytes(sizeBytes));
    const outcomes = await Promise.allSettled(bodies.map((bytes) => putBytes(volume, id, bytes, 'exclusive')));
    const winners = bodies.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'object-exists' });
    await reopen();
    expect((await readAll(volume, id)).equals(winners[0]!)).toBe(true);
  });

  it.each([100, 300 * KiB])('forgets a deleted chunk of %i bytes for good', async (sizeBytes) => {
    const id = newId();
    await putBytes(volume, id, systemRandom.bytes(sizeBytes));
    expect(await volume.delete(id)).toBe(true);
    expect(await volume.delete(id)).toBe(false);
    expect(volume.facts(id)).toBeNull();
    await reopen();
    expect(volume.facts(id)).toBeNull();
    const again = systemRandom.bytes(sizeBytes);
    expect(await putBytes(volume, id, again)).toBe('stored');
    await reopen();
    expect((await readAll(volume, id)).equals(again)).toBe(true);
  });

  it('lists ids in ascending order, page by page', async () => {
    const ids = Array.from({ length: 25 }, newId);
    for (const id of ids) await putBytes(volume, id, Buffer.from(id));
    const found: string[] = [];
    for (let page = volume.ids(null, 10); page.length > 0; page = volume.ids(found.at(-1) ?? null, 10))
      found.push(...page.map((chunk) => chunk.id));
    expect(found).toEqual([...ids].sort());
  });

  it('proves what its log was at each sequence it ever told, across restarts', async () => {
    const told = new Map<number, string>();
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(Array.from({ length: 4 }, () => putBytes(volume, newId(), systemRandom.bytes(20_000))));
      const { logSequence, logDigest } = volume.statistics;
      told.set(logSequence, logDigest);
      if (round % 10 === 9) await reopen();
    }
    expect(told.size).toBe(30);
    for (const [sequence, digest] of told) expect(volume.digestAt(sequence)).toBe(digest);
    expect(volume.digestAt(1_000_000)).toBeNull();
  });
});
