import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { must } from '../base/must.js';
import { volumeDefaults } from '../chunks/volume-limits.js';
import type { Volume } from '../chunks/volume.js';
import { SeededRandom } from './seeded-random.js';
import { newId, openVolume, putBytes } from './volume-fixture.js';

/*
 * A process for crash tests. Arguments: the folder of a volume; the file of its journal; the seed; then
 *   fill COUNT         stores chunks of 16 KiB and deletes half of them at random meanwhile;
 *   kill STEP TURN     stores, deletes and compacts, and kills itself when the compaction reports that step so often.
 * The journal says what was acknowledged, each line as soon as it is true: `+ID` stored, `?ID` a delete begins, `-ID` deleted.
 */

export const chunkBytes = 16 * 1024;
const writers = 64;

/** What stands in the chunk of that id. */
export function contentOf(id: string): Buffer {
  return createHash('shake256', { outputLength: chunkBytes }).update(id).digest();
}

async function store(volume: Volume, tell: (line: string) => void): Promise<string> {
  const id = newId();
  await putBytes(volume, id, contentOf(id));
  tell(`+${id}`);
  return id;
}

async function drop(volume: Volume, id: string, tell: (line: string) => void): Promise<void> {
  tell(`?${id}`);
  await volume.delete(id);
  tell(`-${id}`);
}

function together(work: () => Promise<void>): Promise<unknown> {
  return Promise.all(Array.from({ length: writers }, work));
}

async function fill(volume: Volume, count: number, random: SeededRandom, tell: (line: string) => void): Promise<void> {
  let begun = 0;
  await together(async () => {
    while (begun < count) {
      begun += 1;
      const id = await store(volume, tell);
      if (random.fraction() < 0.5) await drop(volume, id, tell);
    }
  });
}

async function compactUntilKilled(
  volume: Volume,
  step: string,
  turn: number,
  random: SeededRandom,
  tell: (line: string) => void,
): Promise<void> {
  const known = volume.ids(null, Infinity).map(({ id }) => id);
  await new Promise<void>((underLoad) => {
    void together(async () => {
      for (;;) {
        known.push(await store(volume, tell));
        underLoad();
        const [id] = known.splice(Math.floor(random.fraction() * known.length), 1);
        await drop(volume, must(id, 'a chunk'), tell);
      }
    });
  });
  let seen = 0;
  for (;;) {
    for await (const reached of volume.compaction()) {
      if (reached === step) seen += 1;
      if (seen === turn) process.kill(process.pid, 'SIGKILL');
    }
    await new Promise(setImmediate); // until there is enough garbage again
  }
}

const [, program, path, journalPath, seed, task, ...words] = process.argv;
if (program === new URL(import.meta.url).pathname) {
  const journal = openSync(must(journalPath, 'the journal'), 'a');
  const tell = (line: string): void => void writeSync(journal, `${line}\n`);
  const random = new SeededRandom(must(seed, 'the seed'));
  const volume = await openVolume(must(path, 'the folder'), volumeDefaults);
  if (task === 'fill') await fill(volume, Number(words[0]), random, tell);
  else await compactUntilKilled(volume, must(words[0], 'the step'), Number(words[1]), random, tell);
  await volume.close();
}
