import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../../base/clock.js';
import { crc32c } from '../../base/crc32c.js';
import { silentLog } from '../../base/log.js';
import { systemRandom } from '../../base/random.js';
import { formatVolume } from '../../chunks/volume-identity.js';
import { Volume } from '../../chunks/volume.js';
import { volumeDefaults } from '../../chunks/volume-limits.js';
import { percentile } from './measure.js';

/** Opens a fresh volume in `folder`, as a datanode does. */
export async function openFreshVolume(folder: string): Promise<Volume> {
  mkdirSync(folder, { recursive: true });
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  await formatVolume(folder, { clusterId: null, nodeId: randomUUID() }, parts);
  return Volume.open(
    {
      path: folder,
      limits: volumeDefaults,
      onFault: (reason) => {
        throw reason;
      },
    },
    parts,
  );
}

/** Durable records of `sizeBytes` by so many writers, each waiting for its own: records a second, median wait in ms. */
export async function writeRecords(
  volume: Volume,
  options: { writers: number; sizeBytes: number; durationMs: number; recordsMax: number },
): Promise<{ perSecond: number; medianMs: number; cpuMicros: number }> {
  const bytes = randomBytes(options.sizeBytes);
  const crc = crc32c(bytes);
  const waits: number[] = [];
  const begin = performance.now();
  const cpu = process.cpuUsage();
  async function writer(): Promise<void> {
    while (performance.now() - begin < options.durationMs && waits.length < options.recordsMax) {
      const from = performance.now();
      await volume.putPacked(
        {
          id: randomUUID(),
          lengthBytes: bytes.length,
          crc32c: crc,
          kind: 'chunk',
          generation: 1,
          origin: { bucketId: 1, key: 'bench', partNumber: null, index: 0 },
        },
        [bytes],
        'repeatable',
      );
      waits.push(performance.now() - from);
    }
  }
  await Promise.all(Array.from({ length: options.writers }, writer));
  const used = process.cpuUsage(cpu);
  return {
    perSecond: (waits.length * 1000) / (performance.now() - begin),
    medianMs: percentile(waits, 0.5),
    cpuMicros: (used.user + used.system) / waits.length,
  };
}

const forgetAtOnce = 500;

/** Takes every chunk out again, and gives the space back: the log then goes into segments that were written before. */
async function forgetAll(volume: Volume): Promise<void> {
  for (let page = volume.ids(null, forgetAtOnce), last = page.at(-1); last !== undefined; last = page.at(-1)) {
    await Promise.all(page.map(({ id }) => volume.delete(id)));
    page = volume.ids(last.id, forgetAtOnce);
  }
  while (await volume.compactOnce());
  await volume.writtenAhead();
}

/**
 * The engine as it is in a store that has run for a while: the volume was filled once, so its log takes up segments
 * that compaction released. A fresh volume would write the zeros of each new segment while it is measured.
 */
export class EngineBench {
  readonly #volume: Volume;

  private constructor(volume: Volume) {
    this.#volume = volume;
  }

  static async open(folder: string): Promise<EngineBench> {
    const volume = await openFreshVolume(folder);
    const sizeBytes = 64 * 1024;
    const recordsMax = (volumeDefaults.segmentSizeBytes * (volumeDefaults.sparesMax + 2)) / sizeBytes;
    await writeRecords(volume, { writers: 32, sizeBytes, durationMs: Infinity, recordsMax });
    await forgetAll(volume);
    return new EngineBench(volume);
  }

  /** As `writeRecords`, of 4 KiB; forgets them afterwards. */
  async write(options: { writers: number; durationMs: number }): ReturnType<typeof writeRecords> {
    const written = await writeRecords(this.#volume, { ...options, sizeBytes: 4096, recordsMax: Infinity });
    await forgetAll(this.#volume);
    return written;
  }

  close(): Promise<void> {
    return this.#volume.close();
  }
}
