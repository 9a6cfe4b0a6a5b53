import { mkdir, readdir } from 'node:fs/promises';
import type { VolumeOptions, VolumeParts } from '../chunks/volume.js';
import { formatVolume, Volume } from '../chunks/volume.js';

/** What an empty file system may have in its root. */
const notOurs = new Set(['lost+found']);

/** Opens the volume; an empty folder is made one first, with a new node id and without a cluster. */
export async function openOrFormatVolume(options: VolumeOptions, parts: VolumeParts): Promise<Volume> {
  await mkdir(options.path, { recursive: true, mode: 0o700 });
  const names = await readdir(options.path);
  if (names.every((name) => notOurs.has(name))) {
    const nodeId = parts.random.uuidV4();
    await formatVolume(options.path, { clusterId: null, nodeId }, parts);
    parts.log.info({ path: options.path, nodeId }, 'formatted a new volume');
  }
  return Volume.open(options, parts);
}
