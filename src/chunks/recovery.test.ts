import * as fc from 'fast-check';
import { open, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { crashImage, recordsOfSegment, segmentNames, type FoundInSegment } from '../testing/crash-image.js';
import { makeVolumeFolder, newId, openVolume, putBytes, readAll, temporaryFolder } from '../testing/volume-fixture.js';
import type { Volume } from './volume.js';

/*
 * Every case begins with a copy of one volume that was stopped without warning, damages the copy, and opens it.
 * The volume holds batches of three records in its newest segment; the last batch alone is in doubt after a power cut.
 */
const batchCount = 6;
const recordsPerBatch = 3;

async function withVolume(path: string, check: (opened: Volume) => Promise<void>): Promise<void> {
  const opened = await openVolume(path);
  try {
    await check(opened);
  } finally {
    await opened.close();
  }
}

async function patch(path: string, offset: number, bytes: Buffer): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}

async function plantOrphans(image: string, extentId: string): Promise<void> {
  const extents = join(image, 'extents');
  const home = extentId.slice(-2);
  const [name] = await readdir(join(extents, home));
  const bytes = await readFile(join(extents, home, name!));
  await writeFile(join(extents, home, `${extentId}.0000beef`), bytes);
  await writeFile(join(extents, '00', '018f0000-0000-7000-8000-000000000000.00000001'), bytes.subarray(0, 100_000));
}

async function flipBit(path: string, offset: number): Promise<void> {
  const byte = (await readFile(path)).subarray(offset, offset + 1);
  await patch(path, offset, Buffer.from([byte[0]! ^ 0x10]));
}

describe('recovery', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let source: string;
  let volume: Volume;
  let activeName: string;
  let records: FoundInSegment[];
  const contents = new Map<string, Buffer>();
  const extentId = newId();
  const deletedId = newId();
  let imageCount = 0;

  beforeAll(async () => {
    folder = await temporaryFolder();
    source = await makeVolumeFolder(folder.path);
    volume = await openVolume(source);
    await putBytes(volume, extentId, systemRandom.bytes(300_000));
    await putBytes(volume, deletedId, Buffer.from('deleted before the restart'));
    await volume.close();
    volume = await openVolume(source);
    await volume.delete(deletedId);
    for (let batch = 0; batch < batchCount; batch += 1) {
      await Promise.all(
        Array.from({ length: recordsPerBatch }, async (_, index) => {
          const id = newId();
          contents.set(id, systemRandom.bytes(100 + 700 * index));
          await putBytes(volume, id, contents.get(id)!);
        }),
      );
    }
    const names = await segmentNames(source);
    const lengths = await Promise.all(names.map(async (name) => (await recordsOfSegment(source, name)).length));
    activeName = names[lengths.indexOf(Math.max(...lengths))]!;
    records = await recordsOfSegment(source, activeName);
  });

  afterAll(async () => {
    await volume.close();
    await folder.remove();
  });

  /** Runs `check` on a damaged copy of the volume. */
  async function onImage(damage: (path: string, active: string) => Promise<void>, check: (path: string) => Promise<void>): Promise<void> {
    imageCount += 1;
    const image = await crashImage(source, join(folder.path, `image-${imageCount}`));
    await damage(image, join(image, 'segments', activeName));
    await check(image);
    await rm(image, { recursive: true });
  }

  async function expectReadable(opened: Volume, ids: Iterable<string>): Promise<void> {
    for (const id of ids) expect((await readAll(opened, id)).equals(contents.get(id)!)).toBe(true);
  }

  it('has the batches that these tests speak of', () => {
    expect(records).toHaveLength(1 + batchCount * recordsPerBatch);
    expect(new Set(records.map(({ record }) => record.batchFirst)).size).toBe(1 + batchCount);
  });

  it('gives everything back after a stop without warning', async () => {
    await onImage(
      async () => undefined,
      (image) =>
        withVolume(image, async (opened) => {
          expect(opened.condition).toBe('open');
          await expectReadable(opened, contents.keys());
          expect(await opened.verify(extentId)).toBe('sound');
          expect(opened.facts(deletedId)).toBeNull();
          expect(opened.statistics.logSequence).toBe(volume.statistics.logSequence);
          expect(opened.statistics.logDigest).toBe(volume.statistics.logDigest);
          for (const { record } of records) {
            const isEnd = !records.some(
              (other) => other.record.batchFirst === record.batchFirst && other.record.sequence > record.sequence,
            );
            expect(opened.digestAt(record.sequence)).toBe(isEnd ? volume.digestAt(record.sequence) : null);
          }
        }),
    );
  });

  it('keeps every record before the place where the log was cut, whatever byte that is, and goes on', async () => {
    const end = records.at(-1)!.endBytes;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: records[0]!.offset, max: end }), fc.boolean(), async (cut, withGarbage) => {
        const rest = withGarbage ? systemRandom.bytes(end - cut) : Buffer.alloc(end - cut);
        const original = (await readFile(join(source, 'segments', activeName))).subarray(cut, end);
        const wholeBytes = cut + original.findIndex((byte, at) => byte !== rest[at]); // what is cut may be zero already
        const before = records
          .filter(({ record, offset }) => offset + record.headerBytes + record.payloadBytes <= (wholeBytes < cut ? end : wholeBytes))
          .map(({ record }) => record.id);
        const after = newId();
        await onImage(
          (_, active) => patch(active, cut, rest),
          async (image) => {
            await withVolume(image, async (opened) => {
              expect(opened.condition).toBe('open');
              await expectReadable(
                opened,
                before.filter((id) => contents.has(id)),
              );
              for (const { record } of records)
                if (!before.includes(record.id) && record.type === 'packed') expect(opened.facts(record.id)).toBeNull();
              contents.set(after, Buffer.from('written after the cut'));
              await putBytes(opened, after, contents.get(after)!);
            });
            await withVolume(image, async (opened) => {
              expect(opened.condition).toBe('open');
              await expectReadable(opened, [...before.filter((id) => contents.has(id)), after]);
            });
          },
        );
        contents.delete(after);
      }),
      { numRuns: 12 },
    );
  }, 120_000);

  it('tells a damaged record in the middle from a torn end, keeps all others, and stays quarantined until cleared', async () => {
    const lastBatch = records.at(-1)!.record.batchFirst;
    const acknowledged = records.filter(({ record }) => record.type === 'packed' && record.batchFirst < lastBatch);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...acknowledged), fc.nat(), async ({ record, offset }, at) => {
        const others = [...contents.keys()].filter((id) => id !== record.id);
        const sizeBefore = (await stat(join(source, 'segments', activeName))).size;
        await onImage(
          (_, active) => flipBit(active, offset + (at % (record.headerBytes + record.payloadBytes))),
          async (image) => {
            for (let restart = 0; restart < 2; restart += 1) {
              await withVolume(image, async (opened) => {
                expect(opened.condition).toBe('quarantined');
                expect(opened.statistics.quarantineReason).toContain('lost');
                await expectReadable(opened, others);
                expect(opened.facts(record.id)).toBeNull();
                await expect(putBytes(opened, newId(), Buffer.from('no'))).rejects.toMatchObject({ code: 'node-closed' });
                if (restart === 1) await opened.clearQuarantine();
              });
            }
            expect((await stat(join(image, 'segments', activeName))).size).toBe(sizeBefore);
            await withVolume(image, async (opened) => {
              expect(opened.condition).toBe('open');
              await expectReadable(opened, others);
            });
          },
        );
      }),
      { numRuns: 6 },
    );
  }, 120_000);

  it('takes damage in the last batch for a torn end: it was perhaps never acknowledged', async () => {
    const last = records.slice(-recordsPerBatch);
    await onImage(
      (_, active) => flipBit(active, last[1]!.offset + 20),
      (image) =>
        withVolume(image, async (opened) => {
          expect(opened.condition).toBe('open');
          expect(opened.facts(last[0]!.record.id)).not.toBeNull();
          expect(opened.facts(last[1]!.record.id)).toBeNull();
          expect(opened.facts(last[2]!.record.id)).toBeNull();
        }),
    );
  });

  it('finds damage by a later segment alone', async () => {
    await onImage(
      async (image, active) => {
        await withVolume(image, async (opened) => {
          for (let batch = 0; batch < 2; batch += 1) await putBytes(opened, newId(), Buffer.from('in a later segment'));
        });
        await unlink(active.replace(/seg$/, 'hint'));
        await flipBit(active, records.at(-1)!.offset);
      },
      (image) => withVolume(image, async (opened) => expect(opened.condition).toBe('quarantined')),
    );
  });

  it('never takes stale records of a recycled segment for its own', async () => {
    const names = await segmentNames(source);
    const older = (await Promise.all(names.map(async (name) => ({ name, found: await recordsOfSegment(source, name) })))).find(
      ({ name, found }) => name !== activeName && found.some(({ record }) => record.id === deletedId),
    )!;
    const stale = older.found.find(({ record }) => record.id === deletedId)!;
    const bytes = (await readFile(join(source, 'segments', older.name))).subarray(stale.offset, stale.endBytes);
    await onImage(
      (_, active) => patch(active, records.at(-1)!.endBytes, bytes),
      (image) =>
        withVolume(image, async (opened) => {
          expect(opened.condition).toBe('open');
          expect(opened.facts(deletedId)).toBeNull();
          await expectReadable(opened, contents.keys());
        }),
    );
  });

  it('reads segments again whose hints are missing or broken', async () => {
    await onImage(
      async (image) => {
        for (const name of await readdir(join(image, 'segments')))
          if (name.endsWith('.hint')) await flipBit(join(image, 'segments', name), 70);
      },
      (image) =>
        withVolume(image, async (opened) => {
          expect(opened.condition).toBe('open');
          await expectReadable(opened, contents.keys());
          expect(await opened.verify(extentId)).toBe('sound');
          expect(opened.facts(deletedId)).toBeNull();
        }),
    );
  });

  it('is not fooled by a chunk that holds a forged record behind broken bytes', async () => {
    await onImage(
      async (image, active) => {
        // A record that is right in everything but the secret of the volume stands where a search would come by.
        const forged = (await readFile(active)).subarray(records.at(-1)!.offset, records.at(-1)!.endBytes);
        forged.writeUInt32LE((forged.readUInt32LE(4) ^ 0xffff) >>> 0, 4);
        await patch(join(image, 'segments', activeName), records.at(-1)!.endBytes + 64, forged);
      },
      (image) => withVolume(image, async (opened) => expect(opened.condition).toBe('open')),
    );
  });

  describe('of extents without a record', () => {
    it('removes them when the log is whole', async () => {
      await onImage(
        (image) => plantOrphans(image, extentId),
        (image) =>
          withVolume(image, async (opened) => {
            expect(await readdir(join(image, 'extents', '00'))).toEqual([]);
            expect(await readdir(join(image, 'extents', extentId.slice(-2)))).toHaveLength(1);
            expect(await opened.verify(extentId)).toBe('sound');
          }),
      );
    });

    it('keeps and adopts them when the log lost records', async () => {
      const names = await segmentNames(source);
      let home = '';
      for (const name of names) if ((await recordsOfSegment(source, name)).some(({ record }) => record.id === extentId)) home = name;
      const found = (await recordsOfSegment(source, home)).find(({ record }) => record.id === extentId)!;
      await onImage(
        async (image) => {
          await flipBit(join(image, 'segments', home), found.offset + 50);
          await unlink(join(image, 'segments', home.replace(/seg$/, 'hint')));
        },
        async (image) => {
          for (let restart = 0; restart < 2; restart += 1) {
            await withVolume(image, async (opened) => {
              expect(opened.condition).toBe('quarantined');
              expect(opened.facts(extentId)).toMatchObject({ lengthBytes: 300_000, packed: false });
              expect(await opened.verify(extentId)).toBe('sound');
            });
          }
        },
      );
    });
  });
});
