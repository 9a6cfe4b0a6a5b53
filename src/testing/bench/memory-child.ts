import { join } from 'node:path';
import { must } from '../../base/must.js';
import { openFreshVolume, writeRecords } from './engine.js';
import { MetadataBench } from './metadata.js';

// Fills one engine with small objects and prints what they cost of memory: `memory-child.ts chunks|metadata FOLDER COUNT`.
// A process of its own, so that nothing else counts.
const [what, folder, countText] = process.argv.slice(2);
const count = Number(countText);
const settle = async (): Promise<number> => {
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
  return process.memoryUsage().rss;
};

const limits = { writers: 512, durationMs: Infinity };
if (what === 'chunks') {
  const volume = await openFreshVolume(join(must(folder, 'folder'), 'memory-chunks'));
  await writeRecords(volume, { ...limits, sizeBytes: 64, recordsMax: count / 50 }); // what the code and its buffers take
  const before = await settle();
  await writeRecords(volume, { ...limits, sizeBytes: 64, recordsMax: count });
  process.stdout.write(`${(await settle()) - before}\n`);
  await volume.close();
} else {
  const metadata = await MetadataBench.open(join(must(folder, 'folder'), 'memory-metadata'));
  await metadata.commit({ ...limits, commitsMax: count / 50 });
  const before = await settle();
  await metadata.commit({ ...limits, commitsMax: count });
  process.stdout.write(`${(await settle()) - before}\n`);
  await metadata.close();
}
