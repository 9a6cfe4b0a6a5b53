import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../base/must.js';
import { contentOf } from '../testing/compact-until-killed.js';
import { SeededRandom } from '../testing/seeded-random.js';
import { makeVolumeFolder, openVolume, readAll, temporaryFolder } from '../testing/volume-fixture.js';
import type { CompactionStep } from './compaction.js';
import { volumeDefaults } from './volume-limits.js';
import type { Volume } from './volume.js';

const chunksAtStart = 100_000;
const readBackOften = 1000;
const steps: CompactionStep[] = ['reserved', 'copied', 'hinted', 'named', 'switched', 'released'];
const seed = process.env['AETHER_TEST_SEED'] ?? String(Date.now());
const program = new URL('../testing/compact-until-killed.ts', import.meta.url).pathname;

/** What the journal says; a delete that was begun and not acknowledged may have happened or not. */
interface Told {
  lines: number;
  stored: Set<string>;
  deleted: Set<string>;
}

async function lookAt(volume: Volume, { stored, deleted }: Told, readBack: Iterable<string>): Promise<void> {
  expect(volume.condition).toBe('open');
  expect([...stored].filter((id) => volume.facts(id) === null)).toEqual([]);
  expect([...deleted].filter((id) => volume.facts(id) !== null)).toEqual([]);
  for (const id of readBack) expect((await readAll(volume, id)).equals(contentOf(id)), id).toBe(true);
}

describe(`a volume of ${chunksAtStart} chunks, half of them deleted, killed while it compacts under load (seed ${seed})`, () => {
  const random = new SeededRandom(seed);
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;
  let runs = 0;

  beforeAll(async () => {
    folder = await temporaryFolder();
    path = await makeVolumeFolder(folder.path);
    expect(await run('fill', String(chunksAtStart))).toEqual([0, null]);
  }, 300_000);

  afterAll(() => folder.remove());

  async function run(...task: string[]): Promise<[number | null, NodeJS.Signals | null]> {
    runs += 1;
    const args = ['--import', 'tsx', program, path, join(folder.path, 'journal'), `${seed}/${runs}`, ...task];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    return (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  }

  function told(): Told {
    const stored = new Set<string>();
    const deleted = new Set<string>();
    const lines = readFileSync(join(folder.path, 'journal'), 'utf8').split('\n');
    for (const line of lines) {
      const id = line.slice(1);
      if (line.startsWith('+')) stored.add(id);
      if (line.startsWith('?')) stored.delete(id);
      if (line.startsWith('-')) deleted.add(id);
    }
    return { lines: lines.length, stored, deleted };
  }

  for (const step of steps) {
    it.each([1, 2])(`loses nothing and revives nothing after SIGKILL at "${step}", time %i`, async (turn) => {
      const before = told().lines;
      expect(await run('kill', step, String(turn))).toEqual([null, 'SIGKILL']);
      const now = told();
      expect(now.lines, 'load was under way').toBeGreaterThan(before);
      const volume = await openVolume(path, volumeDefaults);
      const ids = [...now.stored];
      const some = Array.from({ length: readBackOften }, () => must(ids[random.between(0, ids.length - 1)], 'an id'));
      await lookAt(volume, now, some);
      await volume.close();
    });
  }

  it('takes at most 1.3 times the bytes that live when it is done, and every byte is right', async () => {
    const volume = await openVolume(path, volumeDefaults);
    for (let round = 0; await volume.compactOnce(); round += 1) expect(round).toBeLessThan(1000);
    const { segmentBytes, liveBytes } = volume.statistics;
    expect(segmentBytes / liveBytes).toBeLessThan(1.3);
    const now = told();
    await lookAt(volume, now, now.stored);
    await volume.close();
    process.stdout.write(`${runs} runs, ${now.stored.size} chunks live, segments ${(segmentBytes / liveBytes).toFixed(3)} x live bytes\n`);
  });
});
