import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { formatVolume } from './volume-identity.js';
import { volumeDefaults } from './volume-limits.js';
import { Volume } from './volume.js';

const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const origin = { bucketId: null, key: null, partNumber: null, index: 0 };
const folder = mkdtempSync(join(tmpdir(), 'aether-log-word-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('what the volume says of its log at any moment, also while a batch is in flight, it can prove later and after a restart', async () => {
  const options = {
    path: folder,
    limits: { ...volumeDefaults, segmentSizeBytes: 4 * 1024 * 1024 },
    onFault: (reason: Error) => {
      throw reason;
    },
  };
  await formatVolume(folder, { clusterId: null, nodeId: systemRandom.uuidV4() }, parts);
  const volume = await Volume.open(options, parts);
  const said = new Map<number, string>();
  const written = new AbortController();
  const listen = async (): Promise<void> => {
    while (!written.signal.aborted) {
      const { logSequence, logDigest } = volume.statistics;
      if (said.has(logSequence)) expect(logDigest).toBe(said.get(logSequence));
      said.set(logSequence, logDigest);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const listening = listen();
  const bytes = Buffer.alloc(3000, 7);
  const chunk = { lengthBytes: bytes.length, crc32c: crc32c(bytes), kind: 'chunk', generation: 1, origin } as const;
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(Array.from({ length: 8 }, () => volume.putPacked({ ...chunk, id: systemRandom.uuidV4() }, [bytes], 'repeatable')));
  }
  written.abort();
  await listening;
  expect(said.size).toBeGreaterThan(20);
  for (const [sequence, digest] of said) expect([sequence, volume.digestAt(sequence)]).toEqual([sequence, digest]);
  await volume.close();

  const again = await Volume.open(options, parts);
  for (const [sequence, digest] of said) expect([sequence, again.digestAt(sequence)]).toEqual([sequence, digest]);
  await again.close();
});
