import { writeSync } from 'node:fs';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { must } from '../base/must.js';
import { MetadataStore } from '../metadata/store.js';
import { MetadataWorld } from './metadata-world.js';

/*
 * A process for crash tests: commits objects without end, 16 at a time, and prints each key as soon as its commit is
 * acknowledged. Arguments: the file, the number of the run.
 */

const onFault = (reason: Error): void => {
  throw reason;
};
const path = must(process.argv[2], 'the file');
const run = Number(must(process.argv[3], 'the number of the run'));
const store = await MetadataStore.open({ path, onFault }, { clock: systemClock, log: silentLog });
const series = run + 1;
const under = { write: store.write.bind(store), read: async (...args: Parameters<typeof store.read>) => store.read(...args) } as never;
const world = run === 0 ? await MetadataWorld.start(under, series) : new MetadataWorld(under, series);
const bucket = store.read('getBucket', { bucket: 'first' });

await Promise.all(
  Array.from({ length: 16 }, async (_, writer) => {
    for (let n = 0; ; n += 1) {
      const key = `${run}/${writer}/${n % 40}/${n}`;
      await world.put(bucket, key, 100);
      await world.copy(bucket, key, `copy/${writer}`);
      writeSync(1, `${key}\n`);
    }
  }),
);
